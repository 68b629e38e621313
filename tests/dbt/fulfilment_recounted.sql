-- Recounts delivery times and punctuality from the orders. A mean in place of the median, or a promise moved by a day, would not break any
-- sum.
with orders as (

    select
        *,
        {{ month_of('ordered_date') }} as month_start,
        {# of a promised day any time is in time #}
        delivered_at <= promised_delivery_at
        or (
            {{ is_whole_day('promised_delivery_at') }}
            and {{ reporting_date('delivered_at') }} = {{ reporting_date('promised_delivery_at') }}
        ) as is_in_time,
        case
            when delivered_at < ordered_at then cast(0 as bigint)
            when delivered_at is not null then {{ microseconds_between('ordered_at', 'delivered_at') }}
        end as microseconds
    from {{ ref('fct_orders') }}
    where not is_test and not is_internal

),

middles as (

    {{ middle_hours('orders', 'month_start', 'microseconds') }}

),

counted as (

    select
        month_start,
        count(*) as orders,
        count(*) filter (where is_in_time) as on_time,
        count(*) filter (where not is_in_time) as late,
        count(*) filter (where order_status in ('shipped', 'completed', 'returned') or delivered_at is not null) as shipped,
        count(*) filter (where order_status = 'returned') as returned
    from orders
    group by month_start

)

select cast(coalesce(published.month_start, counted.month_start) as string) as problem
from (
    select * from {{ ref('kpi_fulfilment') }}
    where dimension = 'all'
) as published
full outer join counted on published.month_start = counted.month_start
left join middles on published.month_start = middles.month_start
where
    published.orders is distinct from counted.orders
    or published.on_time <> counted.on_time
    or published.late <> counted.late
    or published.shipped <> counted.shipped
    or {{ differ('middles.middle_hours', 'published.median_delivery_hours') }}
    or {{ differ('cast(counted.on_time as double) / nullif(counted.on_time + counted.late, 0)', 'published.on_time_rate') }}
    or {{ differ('cast(counted.returned as double) / nullif(counted.shipped, 0)', 'published.return_rate') }}
