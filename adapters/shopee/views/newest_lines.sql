-- One row a line of goods, of the file where its order has come furthest.
-- an order stands in the files of several days: the file where it has come furthest holds it whole
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
