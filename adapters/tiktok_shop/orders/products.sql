-- One row per SKU sold, as named in the orders.
select
    product_id,
    max(product_name) as product_name,
    max(category) as category
from newest_lines
group by product_id
