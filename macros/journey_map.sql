{#-
    The map's periods: a month, 2026-03, a quarter, 2026-Q1, and `all`. Inside they are numbers, 202603, 20261 and 0: millions of rows are
    grouped by them.
-#}
{% macro period_of(month) -%}substr(cast({{ month }} as string), 1, 7){%- endmacro %}
{% macro period_number(date) -%}cast(year({{ date }}) * 100 + month({{ date }}) as integer){%- endmacro %}
{% macro quarter_number(month_number) -%}
    cast(({{ month_number }} - {{ month_number }} % 100) / 10 + ceil(({{ month_number }} % 100) / cast(3 as double)) as integer)
{%- endmacro %}
{% macro is_quarter(number) -%}{{ number }} between 1 and 99999{%- endmacro %}
{% macro period_name(number) -%}
    case
        when {{ number }} = 0 then 'all'
        when {{ is_quarter(number) }} then substr(cast({{ number }} as string), 1, 4) || '-Q' || substr(cast({{ number }} as string), 5, 1)
        else substr(cast({{ number }} as string), 1, 4) || '-' || substr(cast({{ number }} as string), 5, 2)
    end
{%- endmacro %}

{#- What kind of period it is; their texts, 2026-03 and 2026-Q1, are as long as one another. -#}
{% macro period_type_of(number) -%}
    case when {{ number }} = 0 then 'all' when {{ is_quarter(number) }} then 'quarter' else 'month' end
{%- endmacro %}

{#-
    Rows by month, with the same by quarter and of all time: `columns` is what a row is of besides, `measures` maps names to aggregates that
    may be taken of aggregates (a sum, a union of bits), so that all time is added up from quarters. Starts with `by_month`, which has a
    column `period`, and leaves `periods`.
-#}
{% macro with_longer_periods(by_month, columns, measures) -%}
by_quarter as (

    select
        {{ quarter_number('period') }} as period,
        {{ columns }},
        {%- for name, measure in measures.items() %}
        {{ measure }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ by_month }}
    group by {{ quarter_number('period') }}, {{ columns }}

),

periods as (

    select
        period,
        {{ columns }},
        {{ measures.keys() | join(', ') }}
    from {{ by_month }}
    union all
    select
        period,
        {{ columns }},
        {{ measures.keys() | join(', ') }}
    from by_quarter
    union all
    select
        0 as period,
        {{ columns }},
        {%- for name, measure in measures.items() %}
        {{ measure }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from by_quarter
    group by {{ columns }}

)
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
