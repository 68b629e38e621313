{#-
    Whether two figures that were worked out by two roads differ: one of them is null alone, or they lie further apart than what
    doubles lose on the way. For the tests that recount a mart.
-#}
{% macro differ(one, other) -%}
    {%- set one = 'cast(' ~ one ~ ' as double)' -%}
    {%- set other = 'cast(' ~ other ~ ' as double)' -%}
    (
        ({{ one }} is null) <> ({{ other }} is null)
        or coalesce(abs({{ one }} - {{ other }}) > 1e-9 * greatest(abs({{ one }}), abs({{ other }}), cast(1 as double)), false)
    )
{%- endmacro %}

{#- The middle one of some durations, or the mean of both middle ones, in hours: from their places, not by the engine's median. -#}
{% macro middle_hours(relation, by, microseconds) -%}
    select
        {{ by }},
        sum(cast({{ microseconds }} as double)) / count(*) / cast(3600000000 as double) as middle_hours
    from (
        select
            {{ by }},
            {{ microseconds }},
            row_number() over (partition by {{ by }} order by {{ microseconds }}) as place,
            count(*) over (partition by {{ by }}) as places
        from {{ relation }}
        where {{ microseconds }} is not null
    ) as placed
    where 2 * place between places and places + 2
    group by {{ by }}
{%- endmacro %}

{#-
    The periods of the journey map with their first and last day, from the first entry up to as-of, by the calendar. For the tests that
    recount the map, beside the numbers that it is grouped by.
-#}
{% macro calendar_periods(kinds) -%}
    {%- set names = {
        'month': 'substr(cast(date_day as string), 1, 7)',
        'quarter': "cast(year(date_day) as string) || '-Q' || cast(quarter(date_day) as string)",
        'all': "'all'",
    } -%}
    {%- for kind in kinds %}
    select
        '{{ kind }}' as period_type,
        {{ names[kind] }} as period,
        min(date_day) as first_day,
        max(date_day) as last_day
    from {{ date_spine('(select min(entered_date) from ' ~ ref('fct_stage_entries') ~ ')', reporting_date(as_of())) }} as days
    group by {{ names[kind] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#-
    The MRR of each account at the end of each month in which it has any, from what the changes of its subscriptions left: beside the
    movements, which add up what came and went.
-#}
{% macro mrr_at_month_ends() -%}
    (
        select
            months.month_start,
            stays.account_id,
            sum(stays.mrr_after) as mrr
        from (
            select
                *,
                lead(month_start) over (partition by subscription_id order by month_start) as next_month_start
            from (
                select
                    subscription_id,
                    {{ month_of('effective_date') }} as month_start,
                    max_by(account_id, change_number) as account_id,
                    max_by(mrr_after, change_number) as mrr_after
                from {{ ref('fct_subscription_changes') }}
                group by subscription_id, {{ month_of('effective_date') }}
            ) as month_ends
        ) as stays
        inner join (select distinct month_start from {{ ref('dim_dates') }}) as months
            on stays.month_start <= months.month_start
            and (months.month_start < stays.next_month_start or stays.next_month_start is null)
            and months.month_start <= {{ month_of(reporting_date(as_of())) }}
        where stays.mrr_after > 0
        group by months.month_start, stays.account_id
    )
{%- endmacro %}
