select
    id as product_id,
    name as product_name,
    as_json(categories) ->> '$[0].name' as category,
    as_json(cost_of_goods_sold) ->> '$.total_value' as unit_cost,
    utc_time(date_modified_gmt) as updated_at
from products_json

union all by name

-- orders name the purchased variation; the list of products has only its id
select
    as_json(variation) ->> '$' as product_id,
    products_json.name as product_name,
    as_json(products_json.categories) ->> '$[0].name' as category,
    as_json(products_json.cost_of_goods_sold) ->> '$.total_value' as unit_cost,
    utc_time(products_json.date_modified_gmt) as updated_at
from products_json
cross join unnest(json_list(products_json.variations)) as of_product (variation)

union all by name

-- "Clothing, Clothing > Hats"; a variation has no category
select
    "ID" as product_id,
    "Name" as product_name,
    filled(split_part("Categories", ',', 1)) as category,
    null as unit_cost,
    null as updated_at
from products_export
