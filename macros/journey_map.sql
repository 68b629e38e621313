{#-
    The groups of the journey map: every customer type and persona, and `all` of each. `journey_cube_columns` names them in a select,
    `journey_cube` groups by them and by the columns given.
-#}
{% macro journey_cube_columns() -%}
    case when grouping(customer_type) = 1 then 'all' else customer_type end as customer_type,
        case when grouping(persona) = 1 then 'all' else persona end as persona
{%- endmacro %}

{% macro journey_cube(columns) -%}
    group by {{ columns }}, cube(customer_type, persona)
{%- endmacro %}

{#- A month as the map's period. -#}
{% macro period_of(month) -%}substr(cast({{ month }} as string), 1, 7){%- endmacro %}

{#- The last month of what ended at this moment: what ended as a month began was not there in it any more. -#}
{% macro last_month_of(moment) -%}
    case
        when {{ to_reporting_time(moment) }} = cast({{ month_of(reporting_date(moment)) }} as timestamp)
            then {{ add_months(month_of(reporting_date(moment)), -1) }}
        else {{ month_of(reporting_date(moment)) }}
    end
{%- endmacro %}

{#-
    The columns of a fact of int_journey_facts. `first` and `second` are its two numbers, 1 and 0 unless told: of a KPI numerator and
    denominator, of an emotion its sum and its answers.
-#}
{% macro journey_fact(fact_type, item, at='happened_at', first='1', second='0') -%}
    person_key, {{ at }} as happened_at, '{{ fact_type }}' as fact_type, {{ item }} as item,
    cast({{ first }} as decimal(28, 12)) as first_number, cast({{ second }} as decimal(28, 12)) as second_number
{%- endmacro %}
