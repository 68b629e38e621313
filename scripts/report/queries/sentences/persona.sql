-- the persona whose rate of going on lies furthest from everybody's, where the two intervals do not meet
select
    map.persona, personas.label_en, personas.label_vi, map.stage, map.label_en as stage_en, map.label_vi as stage_vi, map.conversion_rate,
    map.rate_low, map.rate_high, map.converted + map.dropped as decided, everybody.conversion_rate as rate_of_all
from marts.journey_map as map
inner join marts.journey_map as everybody using (framework, stage, period, customer_type)
inner join marts.dim_personas as personas on map.persona = personas.persona
inner join marts.dim_framework_stages as stages on map.framework = stages.framework and map.stage = stages.stage
where
    map.framework = (select framework from marts.dim_frameworks where is_primary) and map.period = 'all' and map.customer_type = 'all'
    and map.persona not in ('all', 'unknown') and everybody.persona = 'all' and stages.is_in_funnel and map.converted + map.dropped >= 30
    and (map.rate_low > everybody.rate_high or map.rate_high < everybody.rate_low)
order by abs(map.conversion_rate - everybody.conversion_rate) desc, map.persona, map.rank
limit 1
