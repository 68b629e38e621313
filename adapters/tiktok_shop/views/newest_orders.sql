-- One row per order.
select
    *,
    try_cast("Order Refund Amount" as decimal(20, 2)) as refunded,
    -- fully returned, so that nothing was sold
    regexp_matches(lower(coalesce(return_type, '')), 'return|refund')
    and try_cast("Order Refund Amount" as decimal(20, 2)) >= try_cast("Order Amount" as decimal(20, 2)) as is_returned
from newest_lines
-- take one line per order: each line repeats the amounts of the order
qualify row_number() over (partition by coalesce(order_id, _file || _row) order by _row) = 1
