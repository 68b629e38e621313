-- the stage of the company's own framework in which those lost would have been worth most
with lost as (
    select stage, sum(value) as value
    from marts.journey_map_items
    where period = 'all' and customer_type = 'all' and persona = 'all' and item_type = 'opportunity'
        and framework = (select framework from marts.dim_frameworks where is_primary)
    group by stage
)

select
    map.stage, map.label_en, map.label_vi, map.dropped, map.converted + map.dropped as decided, map.drop_off_rate,
    1 - map.rate_high as drop_low, 1 - map.rate_low as drop_high, lost.value
from marts.journey_map as map
inner join marts.dim_framework_stages as stages using (framework, stage)
left join lost on map.stage = lost.stage
where
    map.period = 'all' and map.customer_type = 'all' and map.persona = 'all' and stages.is_in_funnel and map.drop_off_rate is not null
    and map.framework = (select framework from marts.dim_frameworks where is_primary)
order by lost.value desc nulls last, map.dropped desc, map.rank
limit 1
