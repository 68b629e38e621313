-- One row per order line, numbered in file order.
select
    order_id,
    cast(row_number() over (partition by order_id order by _row) as varchar) as line_number,
    product_id,
    quantity,
    "Giá ưu đãi" as unit_price
from newest_lines
