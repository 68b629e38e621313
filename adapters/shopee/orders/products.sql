-- One row per product sold, as named in the order lines.
select
    product_id,
    max(product_name) as product_name
from newest_lines
group by product_id
