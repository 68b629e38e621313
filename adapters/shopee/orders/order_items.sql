-- One row a line of goods, numbered as they stand.
select
    order_id,
    cast(row_number() over (partition by order_id order by _row) as varchar) as line_number,
    product_id,
    quantity,
    "Giá ưu đãi" as unit_price
from newest_lines
