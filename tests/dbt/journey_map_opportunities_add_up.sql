-- Persons divided over their pain points add up to no more than the persons who dropped, and each share is at most one person.
with shared as (

    select
        framework,
        stage,
        sum(persons_shared) as persons_shared
    from {{ ref('journey_map_items') }}
    where period = 'all' and customer_type = 'all' and persona = 'all' and item_type = 'opportunity'
    group by framework, stage

)

select
    shared.framework,
    shared.stage,
    shared.persons_shared
from shared
inner join {{ ref('journey_map') }} as map
    on shared.framework = map.framework
    and shared.stage = map.stage
    and map.period = 'all'
    and map.customer_type = 'all'
    and map.persona = 'all'
where shared.persons_shared > map.dropped + 0.00001
union all
select
    framework,
    stage,
    persons_shared
from {{ ref('journey_map_items') }}
where
    (item_type = 'opportunity' and (persons_shared is null or persons_shared <= 0 or persons_shared > persons))
    or (item_type <> 'opportunity' and persons_shared is not null)
