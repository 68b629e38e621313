-- One question has one rate: that of the journey map is that of the funnel, of a month as of all whose window is over.
select map.period || ' ' || map.framework || '.' || map.stage as problem
from {{ ref('journey_map') }} as map
inner join {{ ref('kpi_funnel') }} as funnel
    on map.period = funnel.cohort
    and map.framework = funnel.framework
    and map.stage = funnel.stage
    and funnel.dimension = 'all'
where
    map.customer_type = 'all'
    and map.persona = 'all'
    and (
        map.conversion_rate is distinct from funnel.conversion_rate
        or map.rate_low is distinct from funnel.rate_low
        or map.rate_high is distinct from funnel.rate_high
        or (funnel.is_mature and map.median_hours_to_next is distinct from funnel.median_hours_to_next)
    )
