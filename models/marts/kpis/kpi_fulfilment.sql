{%- set labels = {'dimension_value': 'dimension'} -%}

with refunds as (

    select
        order_id,
        sum(refund_amount) as refund_amount
    from {{ ref('fct_refunds') }}
    where is_linked
    group by order_id

),

orders as (

    select
        orders.*,
        persons.customer_type,
        {{ month_of('orders.ordered_date') }} as month_start,
        orders.order_status in ('shipped', 'completed', 'returned') or orders.delivered_at is not null as is_shipped,
        {# a delivery dated before its order counts as 0 hours #}
        greatest({{ microseconds_between('orders.ordered_at', 'orders.delivered_at') }}, 0) as delivery_microseconds,
        {# pending orders are not owed a delivery yet; completed ones arrived, even if the delivery time is missing #}
        orders.delivered_at is null
        and {{ is_later_than(as_of(), 'orders.promised_delivery_at') }}
        and orders.order_status in ('paid', 'shipped') as is_overdue,
        refunds.refund_amount
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('dim_persons') }} as persons on orders.person_id = persons.person_id
    left join refunds on orders.order_id = refunds.order_id
    where not orders.is_test and not orders.is_internal

),

counted as (

    {{ by_dimension('orders', ['sales_channel', 'payment_method', 'customer_type'], {
        'orders': 'count(*)',
        'shipped': 'count(*) filter (where is_shipped)',
        'delivered': 'count(delivered_at)',
        'median_delivery_hours':
            'median(case when delivered_at is not null then delivery_microseconds end) / cast(3600000000 as double)',
        'on_time': 'count(*) filter (where is_on_time)',
        'late': 'count(*) filter (where not is_on_time)',
        'overdue': 'count(*) filter (where is_overdue)',
        'cancelled': "count(*) filter (where order_status = 'cancelled')",
        'returned': "count(*) filter (where order_status = 'returned')",
        'refunded': 'count(refund_amount)',
        'refund_amount': 'coalesce(sum(refund_amount), 0)',
    }) }}

),

rated as (

    select
        *,
        cast(on_time as double) / nullif(on_time + late, 0) as on_time_share,
        cast(returned as double) / nullif(shipped, 0) as return_share
    from counted

)

select
    month_start,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    {{ add_months('month_start', 1) }} <= {{ reporting_date(as_of()) }} as is_complete,
    orders,
    shipped,
    delivered,
    median_delivery_hours,
    on_time,
    late,
    on_time_share as on_time_rate,
    {{ wilson_bound('on_time_share', '(on_time + late)', '-') }} as on_time_rate_low,
    {{ wilson_bound('on_time_share', '(on_time + late)', '+') }} as on_time_rate_high,
    overdue,
    cancelled,
    cast(cancelled as double) / orders as cancellation_rate,
    returned,
    return_share as return_rate,
    {{ wilson_bound('return_share', 'shipped', '-') }} as return_rate_low,
    {{ wilson_bound('return_share', 'shipped', '+') }} as return_rate_high,
    refunded,
    cast(refund_amount as decimal(28, 4)) as refund_amount
from {{ with_labels('rated', labels) }} as rated
