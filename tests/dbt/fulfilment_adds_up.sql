-- Every order, except test and internal ones, counts once per dimension in its month, and every refund in the month of its order.
with sums as (

    select
        month_start,
        dimension,
        {%- for column in ['orders', 'shipped', 'delivered', 'on_time', 'late', 'overdue', 'cancelled', 'returned'] %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        sum(refund_amount) as refund_amount
    from {{ ref('kpi_fulfilment') }}
    group by month_start, dimension

),

everything as (

    select * from sums
    where dimension = 'all'

),

orders as (

    select
        *,
        {{ month_of('ordered_date') }} as month_start
    from {{ ref('fct_orders') }}
    where not is_test and not is_internal

),

truth as (

    select
        month_start,
        count(*) as orders,
        count(delivered_at) as delivered,
        count(*) filter (where delivered_at is not null and promised_delivery_at is not null) as promised,
        count(*) filter (where order_status = 'cancelled') as cancelled,
        count(*) filter (where order_status = 'returned') as returned
    from orders
    group by month_start

),

refunds as (

    select
        orders.month_start,
        sum(refunds.refund_amount) as refund_amount
    from {{ ref('fct_refunds') }} as refunds
    inner join orders on refunds.order_id = orders.order_id
    group by orders.month_start

)

select sums.dimension as problem
from sums
inner join everything on sums.month_start = everything.month_start
where
    sums.orders <> everything.orders
    or sums.shipped <> everything.shipped
    or sums.delivered <> everything.delivered
    or sums.on_time <> everything.on_time
    or sums.late <> everything.late
    or sums.overdue <> everything.overdue
    or sums.refund_amount <> everything.refund_amount
union all
select cast(coalesce(sums.month_start, truth.month_start) as string) as problem
from truth
full outer join everything as sums on truth.month_start = sums.month_start
left join refunds on truth.month_start = refunds.month_start
where
    truth.orders is distinct from sums.orders
    or truth.delivered <> sums.delivered
    or truth.promised <> sums.on_time + sums.late
    or truth.cancelled <> sums.cancelled
    or truth.returned <> sums.returned
    or coalesce(refunds.refund_amount, 0) <> sums.refund_amount
union all
select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_fulfilment') }}
where on_time + late > delivered
