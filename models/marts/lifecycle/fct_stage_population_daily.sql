with changes as (

    select
        entries.framework,
        entries.stage,
        persons.customer_type,
        persons.is_known,
        {{ reporting_date('entries.entered_at') }} as changed_date,
        1 as change
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_persons') }} as persons on entries.person_id = persons.person_id
    union all
    select
        entries.framework,
        entries.stage,
        persons.customer_type,
        persons.is_known,
        {{ reporting_date('entries.exited_at') }} as changed_date,
        -1 as change
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_persons') }} as persons on entries.person_id = persons.person_id
    where entries.exited_at is not null

),

daily_changes as (

    select
        framework,
        stage,
        customer_type,
        is_known,
        changed_date,
        sum(change) as change,
        lead(changed_date) over (
            partition by framework, stage, customer_type, is_known
            order by changed_date
        ) as next_changed_date
    from changes
    group by framework, stage, customer_type, is_known, changed_date

),

{# the population from one change to the next; only then is it written out day by day #}
spans as (

    select
        framework,
        stage,
        customer_type,
        is_known,
        changed_date as first_date,
        coalesce({{ days_between('changed_date', 'next_changed_date') }}, {{ days_between('changed_date', reporting_date(as_of())) }} + 1)
            as day_count,
        sum(change) over (
            partition by framework, stage, customer_type, is_known
            order by changed_date
            rows between unbounded preceding and current row
        ) as persons
    from daily_changes

)

select
    {{ keyed_hash(["'population'", 'days.date_day', 'spans.framework', 'spans.stage', 'spans.customer_type', 'spans.is_known']) }}
        as stage_population_key,
    days.date_day,
    spans.framework,
    spans.stage,
    spans.customer_type,
    spans.is_known,
    cast(spans.persons as bigint) as persons
from spans
inner join {{ ref('dim_dates') }} as days
    on days.date_day >= spans.first_date
    and {{ days_between('spans.first_date', 'days.date_day') }} < spans.day_count
