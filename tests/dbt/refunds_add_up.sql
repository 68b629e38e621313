-- Every refund lowers the net revenue of its order exactly once; a refund that lowers nothing would vanish from every mart. Refunds of one
-- order are rounded together, so a single one may be one minor unit higher than on its own.
with refunds as (

    select
        order_id,
        sum(refunded_net) as refunded_net
    from {{ ref('fct_refunds') }}
    where is_linked
    group by order_id

),

with_revenue as (

    select order_id
    from {{ ref('fct_orders') }}
    where is_conversion and order_status <> 'returned' and total_amount > 0 and net_before_refunds > 0

),

without_revenue as (

    select coalesce(sum(refunds.refund_amount), 0) as refund_amount
    from {{ ref('fct_refunds') }} as refunds
    left join with_revenue on refunds.order_id = with_revenue.order_id
    where with_revenue.order_id is null

),

audit as (

    select coalesce(-sum(unlinked_refunds + refunds_without_revenue), 0) as refund_amount
    from {{ ref('audit_revenue') }}

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
    audit.refund_amount as refunded_net,
    without_revenue.refund_amount as refunded_net_of_refunds
from audit
cross join without_revenue
where audit.refund_amount <> without_revenue.refund_amount
union all
select
    refund_id as order_id,
    refund_amount as refunded_net,
    refunded_net as refunded_net_of_refunds
from {{ ref('fct_refunds') }}
where refunded_net < 0 or refunded_net > refund_amount + {{ minor_unit() }}
