-- Views, quantity and revenue of products and of categories add up to the total and to the facts; a product missing from the catalogue must
-- not be missing from the sums.
with sums as (

    select
        dimension,
        sum(views) as views,
        sum(quantity) as quantity,
        sum(revenue) as revenue
    from {{ ref('kpi_products') }}
    group by dimension

),

viewed as (

    select coalesce(sum(views.views), 0) as views
    from {{ ref('fct_product_views') }} as views
    inner join {{ ref('dim_persons') }} as persons on views.person_id = persons.person_id
    where views.is_human and not persons.is_internal

),

ordered as (

    select
        coalesce(sum(items.quantity), 0) as quantity,
        coalesce(sum(items.item_amount) filter (where orders.order_status <> 'returned'), 0) as revenue
    from {{ ref('fct_order_items') }} as items
    inner join {{ ref('fct_orders') }} as orders on items.order_id = orders.order_id
    where orders.is_conversion

)

select sums.dimension as problem
from sums
cross join viewed
cross join ordered
where
    sums.views <> viewed.views
    or sums.quantity <> ordered.quantity
    or sums.revenue <> ordered.revenue
union all
select concat_ws(' ', cast(month_start as string), dimension, dimension_value) as problem
from {{ ref('kpi_products') }}
where
    viewers_who_ordered > viewers
    or viewers > viewing_sessions
    or buyers > orders
    or first_buyers > buyers
    or first_buyers_who_viewed > first_buyers
