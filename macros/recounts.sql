{#-
    SQL condition of a test: two figures that were computed in two ways differ.

    Parameters: one and other, numeric expressions.
    Returns: true if exactly one is null, or if they differ by more than 1e-9 relative to the larger (at least 1e-9 absolute).
    Example: where {{ differ('mart.revenue', 'recount.revenue') }}
    Do not simplify: = on doubles fails, because the order of a sum changes its last digits.
-#}
{% macro differ(one, other) -%}
    {%- set one = 'cast(' ~ one ~ ' as double)' -%}
    {%- set other = 'cast(' ~ other ~ ' as double)' -%}
    (
        ({{ one }} is null) <> ({{ other }} is null)
        or coalesce(abs({{ one }} - {{ other }}) > 1e-9 * greatest(abs({{ one }}), abs({{ other }}), cast(1 as double)), false)
    )
{%- endmacro %}

{#-
    Median of durations per group, in hours, to check a mart that uses the engine's own median.

    Parameters: relation; by, the grouping columns as text; microseconds, the column of durations.
    Returns: a select of the grouping columns and middle_hours, the middle value or the mean of the two middle values.
-#}
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
    Periods of the journey map with their first and last day, built from the calendar instead of from the map's period numbers, to
    check the map.

    Parameters: kinds, a list of month, quarter and all.
    Returns: a select of period_type, period, first_day and last_day, from the first stage entry to the as-of.
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
    MRR per account at the end of each month, computed from subscription states, to check kpi_mrr, which adds up movements.

    Returns: a subquery of month_start, account_id and mrr, without accounts at 0.
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
