select framework, customer_type, persona, period, stage, item_type, rank, item, item_en, item_vi, persons, value
from marts.journey_map_items
where rank <= 5
order by framework, customer_type, persona, period, stage, item_type, rank
