-- Totals of a driver are those of the cohorts still in the stage at the landmark whose window is over, and its interval contains its
-- difference. A factor that counts a person twice would exceed the totals.
with totals as (

    select
        stages.framework,
        stages.stage,
        count(*) filter (where cohorts.is_converted) as advanced,
        count(*) filter (where cohorts.is_dropped) as left_persons
    from {{ ref('int_stage_cohorts') }} as cohorts
    inner join {{ ref('int_framework_stages') }} as stages on cohorts.stage_number = stages.stage_number
    where
        {{ add_days('cohorts.entered_at', setting('funnel_window_days')) }} <= {{ as_of() }}
        and coalesce(cohorts.exited_at > {{ add_days('cohorts.entered_at', setting('driver_landmark_days')) }}, true)
    group by stages.framework, stages.stage

)

select
    drivers.framework,
    drivers.stage,
    drivers.factor_type,
    drivers.factor
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
    or drivers.q_value < drivers.p_value
    or drivers.q_value > 1.000000001
    or (drivers.p_value is null) <> (drivers.advanced_with + drivers.left_with = drivers.advanced + drivers.left_persons)
