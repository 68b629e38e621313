with refunds as (

    select
        refunds.refund_id,
        refunds.order_id,
        refunds.refunded_at,
        refunds.amount,
        orders.rate,
        orders.net_of_total,
        orders.total_amount,
        sum(refunds.amount) over (
            partition by refunds.order_id
            order by refunds.refunded_at, refunds.refund_id
            rows between unbounded preceding and current row
        ) as amount_so_far
    from {{ accepted('orders', 'refunds') }} as refunds
    left join {{ ref('int_orders') }} as orders on refunds.order_id = orders.order_id

)

select
    refund_id,
    order_id,
    refunded_at,
    order_id is not null as is_linked,
    {{ to_reporting_currency('amount', 'rate') }} as refund_amount,
    {# what the refunds so far took, less what those before took: rounded parts then add up to the rounded whole #}
    cast(
        {{ refunded_net('amount_so_far', 'net_of_total', 'total_amount', 'rate') }}
        - {{ refunded_net('(amount_so_far - amount)', 'net_of_total', 'total_amount', 'rate') }}
        as decimal(18, 4)
    ) as refunded_net
from refunds
