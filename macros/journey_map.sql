{#-
    Periods of the journey map: months (2026-03), quarters (2026-Q1) and all time (all). Until they are published they are numbers, 202603,
    20261 and 0, because millions of rows are grouped by them.
-#}

{#- Period of a month as text: 2026-03. -#}
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

{#- Type of a period from its number: month, quarter or all. -#}
{% macro period_type_of(number) -%}
    case when {{ number }} = 0 then 'all' when {{ is_quarter(number) }} then 'quarter' else 'month' end
{%- endmacro %}

{#-
    CTEs that add quarters and all time to monthly rows, ending in `periods`.

    Parameters: by_month, a relation with a column period (period_number); columns, what else a row is grouped by; measures, a dict
      from name to an aggregate that may be aggregated again, such as a sum or bit_or, since all time is added up from quarters.
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

{#- Key of a segment of the journey map: customer type and persona, 'all' included. -#}
{% macro segment_key(customer_type, persona) -%}{{ hash_number(customer_type ~ " || '|' || " ~ persona) }}{%- endmacro %}

{#- Key of an item of the journey map, for all item types. -#}
{% macro journey_item_key(fact_type, item) -%}{{ hash_number(fact_type ~ " || '|' || " ~ item) }}{%- endmacro %}

{#-
    Last month in which something was there that ended at a given moment. If it ended at the first moment of a month, that is the
    month before.
-#}
{% macro last_month_of(moment) -%}
    case
        when {{ to_reporting_time(moment) }} = cast({{ month_of(reporting_date(moment)) }} as timestamp)
            then {{ add_months(month_of(reporting_date(moment)), -1) }}
        else {{ month_of(reporting_date(moment)) }}
    end
{%- endmacro %}

{#-
    Select list of one fact of int_journey_facts.

    Parameters: fact_type, a text; item and at, expressions; first and second, the two numbers of a fact: numerator and denominator of
      a KPI, sum and number of answers of an emotion, otherwise 1 and 0; counted_at, only for a KPI whose own mart counts the fact by
      another time than `at`, which places it in a stage: the map then counts it in the month of counted_at, as that mart does.
-#}
{% macro journey_fact(fact_type, item, at='happened_at', first='1', second='0', counted_at=none) -%}
    person_key, {{ at }} as happened_at, {{ period_number(reporting_date(counted_at or at)) }} as period,
    '{{ fact_type }}' as fact_type, {{ item }} as item,
    {{ journey_item_key("'" ~ fact_type ~ "'", item) }} as item_key,
    cast({{ first }} as decimal(28, 12)) as first_number, cast({{ second }} as decimal(28, 12)) as second_number
{%- endmacro %}
