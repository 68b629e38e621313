{#-
    A month as the map's period, 2026-03. Inside it is a number, 202603, and 0 stands for the period `all`: millions of rows are grouped
    by it.
-#}
{% macro period_of(month) -%}substr(cast({{ month }} as string), 1, 7){%- endmacro %}
{% macro period_number(date) -%}cast(year({{ date }}) * 100 + month({{ date }}) as integer){%- endmacro %}
{% macro period_name(number) -%}
    case when {{ number }} = 0 then 'all' else substr(cast({{ number }} as string), 1, 4) || '-' || substr(cast({{ number }} as string), 5, 2) end
{%- endmacro %}

{#- The key of a cell of the map, the row `all` of either included. -#}
{% macro segment_key(customer_type, persona) -%}{{ hash_number(customer_type ~ " || '|' || " ~ persona) }}{%- endmacro %}

{#- The key of an item of the map, of whatever type. -#}
{% macro journey_item_key(fact_type, item) -%}{{ hash_number(fact_type ~ " || '|' || " ~ item) }}{%- endmacro %}

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
    {{ journey_item_key("'" ~ fact_type ~ "'", item) }} as item_key,
    cast({{ first }} as decimal(28, 12)) as first_number, cast({{ second }} as decimal(28, 12)) as second_number
{%- endmacro %}
