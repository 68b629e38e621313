-- A refund that counts twice, or not at all, in the order that it belongs to would change net revenue in every mart.
with refunds as (

    select
        order_id,
        sum(refunded_net) as refunded_net
    from {{ ref('fct_refunds') }}
    where is_linked
    group by order_id

)

select
    orders.order_id,
    orders.refunded_net,
    refunds.refunded_net as refunded_net_of_refunds
from {{ ref('fct_orders') }} as orders
left join refunds on orders.order_id = refunds.order_id
where
    orders.is_conversion
    and orders.order_status <> 'returned'
    and orders.refunded_net <> coalesce(refunds.refunded_net, 0)
