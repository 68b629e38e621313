select framework, stage, rank, item, item_en, item_vi, persons
from marts.journey_map_items
where
    period = 'all' and customer_type = 'all' and persona = 'all' and item_type in ('pain_point', 'last_touch') and rank <= 5
    and persons >= 5
order by framework, stage, persons desc, item
