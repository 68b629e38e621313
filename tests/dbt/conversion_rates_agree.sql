-- The conversion rate of a stage is the same in journey_map and in kpi_funnel: for a month and for all mature months, in total and by
-- customer type and persona. The persons who entered agree too. A stage that is no step of the funnel has no rate on the map either.
with steps as (

    select distinct
        framework,
        stage
    from {{ ref('kpi_funnel') }}

)

select concat_ws(' ', funnel.cohort, funnel.framework, funnel.stage, funnel.dimension, funnel.dimension_value) as problem
from {{ ref('kpi_funnel') }} as funnel
left join {{ ref('journey_map') }} as map
    on funnel.cohort = map.period
    and funnel.framework = map.framework
    and funnel.stage = map.stage
    and map.customer_type = case when funnel.dimension = 'customer_type' then funnel.dimension_value else 'all' end
    and map.persona = case when funnel.dimension = 'persona' then funnel.dimension_value else 'all' end
where
    funnel.dimension in ('all', 'customer_type', 'persona')
    and (
        map.period is null
        or (funnel.cohort <> 'all' and map.entered <> funnel.entered)
        or map.conversion_rate is distinct from funnel.conversion_rate
        or map.rate_low is distinct from funnel.rate_low
        or map.rate_high is distinct from funnel.rate_high
        or (funnel.is_mature and map.median_hours_to_next is distinct from funnel.median_hours_to_next)
    )
union all
select concat_ws(' ', map.period, map.framework, map.stage, map.customer_type, map.persona) as problem
from {{ ref('journey_map') }} as map
left join steps
    on map.framework = steps.framework
    and map.stage = steps.stage
where
    steps.stage is null
    and (map.conversion_rate is not null or map.drop_off_rate is not null or map.median_hours_to_next is not null)
