-- Every transition leaves one stage and enters another, so transitions into a stage less those out of it are the persons there now.
with everybody as (

    select * from {{ ref('journey_flow') }}
    where period = 'all' and dimension = 'all'

),

balances as (

    select
        framework,
        stage,
        sum(moved) as persons
    from (
        select framework, to_stage as stage, transitions as moved from everybody
        union all
        select framework, from_stage as stage, -transitions as moved from everybody
    ) as moves
    where stage <> 'none'
    group by framework, stage

),

positions as (

    select
        framework,
        stage,
        count(*) as persons
    from {{ ref('journey_positions') }}
    where stage <> 'none'
    group by framework, stage

),

sums as (

    select
        framework,
        dimension,
        period_type,
        sum(transitions) as transitions
    from {{ ref('journey_flow') }}
    group by framework, dimension, period_type

),

made as (

    select
        framework,
        count(*) as transitions
    from {{ ref('fct_stage_transitions') }}
    group by framework

)

select concat_ws(' ', coalesce(balances.framework, positions.framework), coalesce(balances.stage, positions.stage)) as problem
from balances
full outer join positions
    on balances.framework = positions.framework
    and balances.stage = positions.stage
where coalesce(balances.persons, 0) <> coalesce(positions.persons, 0)
union all
select concat_ws(' ', sums.framework, sums.dimension, sums.period_type) as problem
from sums
inner join made on sums.framework = made.framework
where sums.transitions <> made.transitions
