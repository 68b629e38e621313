-- A driver's totals are those of the cohorts, and its interval holds its difference; a factor counted twice for a person would exceed
-- them.
with totals as (

    select
        framework,
        stage,
        count(*) filter (where is_converted) as advanced,
        count(*) filter (where is_dropped) as left_persons
    from {{ ref('fct_stage_cohorts') }}
    group by framework, stage

)

select drivers.journey_driver_key
from {{ ref('journey_drivers') }} as drivers
left join totals
    on drivers.framework = totals.framework
    and drivers.stage = totals.stage
where
    drivers.advanced is distinct from totals.advanced
    or drivers.left_persons is distinct from totals.left_persons
    or drivers.advanced_with not between 0 and drivers.advanced
    or drivers.left_with not between 0 and drivers.left_persons
    or drivers.difference not between drivers.difference_low and drivers.difference_high
    or drivers.difference_low < -1.000000001
    or drivers.difference_high > 1.000000001
