-- One question has one rate: that of the journey map is that of the funnel, of a month as of all whose window is over, of everybody as by
-- type and persona; who entered stands in both.
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
