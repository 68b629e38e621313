-- One row per order line, from the file with the most advanced status of its order.
-- an order can be in the files of several days: use the file with its most advanced status, which has all its lines
select
    *,
    try_cast("Giá ưu đãi" as decimal(20, 2)) as price
from lines
qualify rank() over (
    partition by order_id
    order by
        coalesce(list_position(['pending', 'paid', 'shipped', 'completed', 'cancelled', 'returned'], status), 0) desc,
        list_last(regexp_extract_all(_file, '20\d{6}')) desc nulls last,
        _file desc
) = 1
