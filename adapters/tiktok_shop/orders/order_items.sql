-- One row per SKU of an order, numbered in file order.
select
    order_id,
    cast(row_number() over (partition by order_id order by _file, _row) as varchar) as line_number,
    product_id,
    quantity,
    "SKU Unit Original Price" as unit_price,
    cast(
        greatest(
            try_cast("SKU Unit Original Price" as decimal(20, 2)) * try_cast(quantity as decimal(12, 3))
            - try_cast("SKU Subtotal After Discount" as decimal(20, 2)),
            0
        ) as varchar
    ) as discount_amount
from newest_lines
