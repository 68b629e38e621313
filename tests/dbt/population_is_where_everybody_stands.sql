-- On the last day the population equals journey_positions. On every day, each person who has entered a framework is in exactly one of its
-- stages, `none` included. A person lost between two stages, or counted in both, would distort every trend.
with last_day as (

    select max(date_day) as date_day from {{ ref('fct_stage_population_daily') }}

),

population as (

    select
        daily.framework,
        daily.stage,
        sum(daily.persons) as persons
    from {{ ref('fct_stage_population_daily') }} as daily
    inner join last_day on daily.date_day = last_day.date_day
    group by daily.framework, daily.stage

),

positions as (

    select
        framework,
        stage,
        count(*) as persons
    from {{ ref('journey_positions') }}
    group by framework, stage

),

days as (

    select
        framework,
        date_day,
        sum(persons) as persons
    from {{ ref('fct_stage_population_daily') }}
    group by framework, date_day

),

first_entries as (

    select
        stages.framework,
        entries.entered_date,
        count(*) as persons
    from {{ ref('int_stage_entries') }} as entries
    inner join {{ ref('int_framework_stages') }} as stages on entries.stage_number = stages.stage_number
    where entries.entered_before_at is null
    group by stages.framework, entries.entered_date

),

arrivals as (

    select
        framework,
        entered_date,
        sum(persons) over (partition by framework order by entered_date) as persons,
        lead(entered_date) over (partition by framework order by entered_date) as next_entered_date
    from first_entries

)

select
    coalesce(population.framework, positions.framework) as framework,
    coalesce(population.stage, positions.stage) as place
from population
full outer join positions
    on population.framework = positions.framework
    and population.stage = positions.stage
where coalesce(population.persons, 0) <> coalesce(positions.persons, 0)
union all
select
    arrivals.framework,
    cast(coalesce(days.date_day, arrivals.entered_date) as string) as place
from arrivals
left join days
    on arrivals.framework = days.framework
    and days.date_day >= arrivals.entered_date
    and (days.date_day < arrivals.next_entered_date or arrivals.next_entered_date is null)
where days.persons is distinct from arrivals.persons
