with stays as (

    select
        framework,
        stage,
        person_id,
        entered_at,
        {{ month_of(reporting_date('entered_at')) }} as first_month,
        greatest(
            {{ month_of(reporting_date('entered_at')) }},
            {{ last_month_of('coalesce(exited_at, ' ~ as_of() ~ ')') }}
        ) as last_month
    from {{ ref('fct_stage_entries') }}
    where stage <> 'none'

),

followed_stays as (

    select
        *,
        lag(last_month) over (partition by framework, stage, person_id order by entered_at) as month_before
    from stays

),

{# months of a stay that an earlier one of the same person has not counted yet #}
counted_stays as (

    select
        framework,
        stage,
        person_id,
        greatest(first_month, coalesce({{ add_months('month_before', 1) }}, first_month)) as first_month,
        last_month
    from followed_stays

),

months as (

    select distinct month_start
    from {{ ref('dim_dates') }}
    where month_start is not null

),

persons as (

    select * from {{ ref('dim_persons') }}

),

changes as (

    select
        changed.framework,
        changed.stage,
        persons.customer_type,
        persons.persona,
        changed.month_start,
        changed.change
    from (
        select framework, stage, person_id, first_month as month_start, 1 as change
        from counted_stays
        where first_month <= last_month
        union all
        select framework, stage, person_id, {{ add_months('last_month', 1) }} as month_start, -1 as change
        from counted_stays
        where first_month <= last_month
    ) as changed
    inner join persons on changed.person_id = persons.person_id

),

monthly_changes as (

    select
        month_start,
        framework,
        stage,
        {{ journey_cube_columns() }},
        sum(change) as change
    from changes
    {{ journey_cube('month_start, framework, stage') }}

),

spans as (

    select
        framework,
        stage,
        customer_type,
        persona,
        month_start,
        lead(month_start) over (partition by framework, stage, customer_type, persona order by month_start) as next_month_start,
        sum(change) over (
            partition by framework, stage, customer_type, persona
            order by month_start
            rows between unbounded preceding and current row
        ) as persons
    from monthly_changes

),

present as (

    select
        {{ period_of('months.month_start') }} as period,
        spans.framework,
        spans.stage,
        spans.customer_type,
        spans.persona,
        {{ days_between(add_months('months.month_start', 1), reporting_date(as_of())) }} >= {{ setting('funnel_window_days') }}
            as is_mature,
        cast(spans.persons as bigint) as persons
    from spans
    inner join months
        on months.month_start >= spans.month_start
        and (months.month_start < spans.next_month_start or spans.next_month_start is null)
    where spans.persons > 0
    union all
    select
        'all' as period,
        entries.framework,
        entries.stage,
        {{ journey_cube_columns() }},
        true as is_mature,
        count(*) as persons
    from {{ ref('fct_stage_entries') }} as entries
    inner join persons on entries.person_id = persons.person_id
    where entries.entry_number = 1 and entries.stage <> 'none'
    {{ journey_cube('entries.framework, entries.stage') }}

),

cohorts as (

    select
        framework,
        stage,
        customer_type,
        persona,
        {{ period_of('entered_month') }} as month,
        is_converted,
        is_dropped,
        {{ microseconds_between('entered_at', 'exited_at') }} as microseconds_in_stage
    from {{ ref('fct_stage_cohorts') }}

),

periods_of_cohorts as (

    select *, month as period from cohorts
    union all
    select *, 'all' as period from cohorts

),

outcomes as (

    select
        period,
        framework,
        stage,
        {{ journey_cube_columns() }},
        count(*) as entered,
        count(*) filter (where is_converted) as converted,
        count(*) filter (where is_dropped) as dropped,
        {# of whole numbers: between two doubles the engines interpolate differently in the last bit #}
        median(microseconds_in_stage) / cast(3600000000 as double) as median_hours
    from periods_of_cohorts
    {{ journey_cube('period, framework, stage') }}

)

select
    present.period,
    present.framework,
    present.stage,
    present.customer_type,
    present.persona,
    present.is_mature,
    present.persons,
    coalesce(outcomes.entered, 0) as entered,
    coalesce(outcomes.converted, 0) as converted,
    coalesce(outcomes.dropped, 0) as dropped,
    outcomes.median_hours
from present
left join outcomes
    on present.period = outcomes.period
    and present.framework = outcomes.framework
    and present.stage = outcomes.stage
    and present.customer_type = outcomes.customer_type
    and present.persona = outcomes.persona
