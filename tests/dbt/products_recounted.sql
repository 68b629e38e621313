-- Recounts from views and order lines which viewers ordered a product within the window. An order years later, or a rate per view instead
-- of per viewer, would be wrong.
with viewed as (

    select
        views.product_id,
        views.person_id,
        {{ month_of('views.viewed_date') }} as month_start,
        min(views.viewed_at) as viewed_at,
        sum(views.views) as views
    from {{ ref('fct_product_views') }} as views
    inner join {{ ref('dim_persons') }} as persons on views.person_id = persons.person_id
    inner join {{ ref('dim_products') }} as products on views.product_id = products.product_id
    where views.is_human and not persons.is_internal and views.views > 0
    group by views.product_id, views.person_id, {{ month_of('views.viewed_date') }}

),

ordered as (

    select
        items.product_id,
        orders.person_id,
        orders.order_id,
        orders.ordered_at,
        {{ month_of('orders.ordered_date') }} as month_start
    from {{ ref('fct_order_items') }} as items
    inner join {{ ref('fct_orders') }} as orders on items.order_id = orders.order_id
    where orders.is_conversion

),

next_orders as (

    select
        viewed.product_id,
        viewed.person_id,
        viewed.month_start,
        min({{ microseconds_between('viewed.viewed_at', 'ordered.ordered_at') }}) as microseconds_to_order
    from viewed
    inner join ordered
        on viewed.product_id = ordered.product_id
        and viewed.person_id = ordered.person_id
        and viewed.viewed_at <= ordered.ordered_at
    group by viewed.product_id, viewed.person_id, viewed.month_start

),

counted as (

    select
        viewed.product_id,
        viewed.month_start,
        sum(viewed.views) as views,
        count(*) as viewers,
        count(*) filter (
            where next_orders.microseconds_to_order <= {{ setting('funnel_window_days') }} * cast(86400000000 as bigint)
        ) as viewers_who_ordered
    from viewed
    left join next_orders
        on viewed.product_id = next_orders.product_id
        and viewed.person_id = next_orders.person_id
        and viewed.month_start = next_orders.month_start
    group by viewed.product_id, viewed.month_start

),

sold as (

    select
        product_id,
        month_start,
        count(distinct order_id) as orders,
        count(distinct person_id) as buyers
    from ordered
    group by product_id, month_start

)

select concat_ws(' ', cast(published.month_start as string), published.dimension_value) as problem
from {{ ref('kpi_products') }} as published
left join counted
    on published.dimension_value = counted.product_id
    and published.month_start = counted.month_start
left join sold
    on published.dimension_value = sold.product_id
    and published.month_start = sold.month_start
where
    published.dimension = 'product'
    and (
        published.viewers <> coalesce(counted.viewers, 0)
        or published.viewers_who_ordered <> coalesce(counted.viewers_who_ordered, 0)
        or published.orders <> coalesce(sold.orders, 0)
        or published.buyers <> coalesce(sold.buyers, 0)
        or {{ differ(
            'case when published.view_to_order_rate is not null then cast(counted.viewers_who_ordered as double) / counted.viewers end',
            'published.view_to_order_rate'
        ) }}
    )
