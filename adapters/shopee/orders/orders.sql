-- One row per order. The file has one row per order line and repeats the columns of the order on each of them.
with -- which of the two totals a file has: the order's alone in older files
totals as (

    select
        _file,
        count("Tổng số tiền người mua thanh toán (2)") > 0 as has_both
    from lines
    group by _file

),

orders as (

    select
        newest_lines.*,
        case
            when totals.has_both then "Tổng số tiền người mua thanh toán (2)" else "Tổng số tiền Người mua thanh toán"
        end as total,
        "Phí vận chuyển mà người mua trả" as shipping,
        sum(price * pieces) over (partition by order_id) as goods,
        sum(pieces) over (partition by order_id) as all_pieces,
        sum(pieces_back) over (partition by order_id) as all_pieces_back
    from newest_lines
    left join totals on newest_lines._file = totals._file
    qualify row_number() over (partition by order_id order by _row) = 1

)

select
    order_id,
    -- Shopee masks numbers (******12): the remaining digits would merge all buyers who share them into one person
    case when not regexp_matches(phone, '[*xX•]') then unquoted(phone) end as phone,
    -- the buyer's user name on Shopee is the only identifier of a buyer, unless it is masked too
    case when not contains(buyer, '*') then 'shopee:' || nullif(trim(buyer), '') end as contact_id,
    ordered_at,
    -- fully returned
    case when status = 'completed' and all_pieces_back > 0 and all_pieces_back >= all_pieces then 'returned' else status end as status,
    'marketplace' as sales_channel,
    cast(getvariable('currency') as varchar) as currency,
    total as total_amount,
    shipping as shipping_amount,
    cast(greatest(goods + coalesce(try_cast(shipping as decimal(20, 2)), 0) - try_cast(total as decimal(20, 2)), 0) as varchar) as discount_amount,
    payment_method
from orders
