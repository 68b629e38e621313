-- A refund that counts twice, or not at all, in the order that it belongs to would change net revenue in every mart; one that lessens no
-- revenue would vanish.
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
union all
select
    'refunds without revenue' as order_id,
    audit.refunds as refunded_net,
    other_refunds.refunds as refunded_net_of_refunds
from (
    select coalesce(-sum(unlinked_refunds + refunds_without_revenue), 0) as refunds
    from {{ ref('audit_revenue') }}
) as audit
cross join (
    select coalesce(sum(refunds.refund_amount), 0) as refunds
    from {{ ref('fct_refunds') }} as refunds
    left join {{ ref('fct_orders') }} as orders
        on refunds.order_id = orders.order_id
        and orders.is_conversion
        and orders.order_status <> 'returned'
        and orders.total_amount > 0
        and orders.net_before_refunds > 0
    where orders.order_id is null
) as other_refunds
where audit.refunds <> other_refunds.refunds
