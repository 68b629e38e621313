-- the dearest pain that somebody can act on
select
    items.stage, stages.label_en as stage_en, stages.label_vi as stage_vi, items.item, items.item_en, items.item_vi, items.persons, items.value
from marts.journey_map_items as items
inner join marts.dim_framework_stages as stages using (framework, stage)
where
    items.period = 'all' and items.customer_type = 'all' and items.persona = 'all' and items.item_type = 'opportunity' and items.value > 0
    and items.persons >= 5
    and items.framework = (select framework from marts.dim_frameworks where is_primary)
    and items.item <> 'no_pain_point_known' and items.item not like 'left_after%'
order by items.value desc, stages.rank, items.item
limit 1
