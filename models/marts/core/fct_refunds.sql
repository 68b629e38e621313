with refunds as (

    select * from {{ ref('int_refunds') }}

),

orders as (

    select * from {{ ref('int_order_persons') }}

)

select
    refunds.refund_id,
    refunds.order_id,
    persons.person_id,
    refunds.refunded_at,
    {{ reporting_date('refunds.refunded_at') }} as refunded_date,
    refunds.is_linked,
    coalesce(
        orders.is_conversion and orders.order_status <> 'returned' and orders.total_amount > 0 and orders.net_before_refunds > 0, false
    ) as has_revenue,
    refunds.refund_amount,
    case
        when orders.is_conversion and orders.order_status <> 'returned' then refunds.refunded_net
        else cast(0 as decimal(18, 4))
    end as refunded_net
from refunds
left join orders on refunds.order_id = orders.order_id
inner join {{ ref('int_persons') }} as persons on coalesce(orders.person_key, 0) = persons.person_key
