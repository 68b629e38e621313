-- One row per order. The file has one row per SKU and repeats the columns of the order on each of them.
with goods as (

    select
        order_id,
        sum(
            try_cast("SKU Unit Original Price" as decimal(20, 2)) * try_cast(quantity as decimal(12, 3))
            - try_cast("SKU Subtotal After Discount" as decimal(20, 2))
        ) as discount
    from newest_lines
    group by all

)

select
    newest_orders.order_id,
    -- TikTok masks numbers ((+84)912*****78): the remaining digits would merge all buyers who share them into one person
    case when not regexp_matches(phone, '[*xX•]') then unquoted(phone) end as phone,
    case when not contains(buyer, '*') then 'tiktok:' || nullif(trim(buyer), '') end as contact_id,
    created_at as ordered_at,
    case when is_returned and status_read <> 'cancelled' then 'returned' else status_read end as status,
    'marketplace' as sales_channel,
    cast(getvariable('currency') as varchar) as currency,
    "Order Amount" as total_amount,
    "Taxes" as tax_amount,
    "Shipping Fee After Discount" as shipping_amount,
    cast(greatest(goods.discount, 0) as varchar) as discount_amount,
    payment_method,
    nullif(delivered_at, '') as delivered_at
from newest_orders
left join goods on newest_orders.order_id = goods.order_id
