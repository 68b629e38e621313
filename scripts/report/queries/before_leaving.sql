select
    items.framework, items.stage, stages.label_en, stages.label_vi, items.item_type, items.item, items.item_en, items.item_vi, items.persons
from marts.journey_map_items as items
inner join marts.dim_framework_stages as stages using (framework, stage)
where
    items.period = 'all' and items.customer_type = 'all' and items.persona = 'all' and items.item_type in ('pain_point', 'last_touch')
    and items.rank <= 5 and items.persons >= 5
order by items.framework, stages.rank, items.item_type, items.rank
