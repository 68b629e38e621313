-- One row a thing sold: Shopee's orders name it.
select
    product_id,
    max(product_name) as product_name
from newest_lines
group by product_id
