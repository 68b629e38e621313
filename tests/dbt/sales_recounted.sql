-- Recounts a month's sales from the orders. AOV per person, ARPU per buyer, or a first buyer counted as returning would pass every sum.
with orders as (

    select
        *,
        {{ month_of('ordered_date') }} as month_start
    from {{ ref('fct_orders') }}
    where is_conversion

),

sold as (

    select
        month_start,
        count(*) as orders,
        count(distinct person_id) as buyers,
        sum(total_amount - tax_amount - shipping_amount - refunded_net) filter (where order_status <> 'returned') as net_revenue,
        sum(margin) as margin
    from orders
    group by month_start

),

{# the first order of a buyer, in the month in which the buyer is new #}
firsts as (

    select
        person_id,
        min(month_start) as month_start
    from orders
    group by person_id

),

begun as (

    select
        month_start,
        count(*) as new_buyers
    from firsts
    group by month_start

),

seen_persons as (

    select
        person_id,
        {{ month_of('touched_date') }} as month_start
    from {{ ref('fct_touchpoints') }}
    where is_attributable
    union all
    select
        person_id,
        month_start
    from orders

),

seen as (

    select
        seen_persons.month_start,
        count(distinct seen_persons.person_id) as persons
    from seen_persons
    inner join {{ ref('dim_persons') }} as persons on seen_persons.person_id = persons.person_id
    where not persons.is_internal
    group by seen_persons.month_start

),

published as (

    select * from {{ ref('kpi_sales') }}
    where dimension = 'all'

)

select cast(coalesce(published.month_start, sold.month_start) as string) as problem
from published
full outer join sold on published.month_start = sold.month_start
left join begun on published.month_start = begun.month_start
left join seen on published.month_start = seen.month_start
where
    coalesce(sold.orders, 0) is distinct from published.orders
    or coalesce(sold.buyers, 0) is distinct from published.buyers
    or coalesce(begun.new_buyers, 0) <> published.new_buyers
    or coalesce(sold.orders - coalesce(begun.new_buyers, 0), 0) <> published.repeat_orders
    or {{ differ('sold.margin', 'published.margin') }}
    or {{ differ('cast(coalesce(sold.net_revenue, 0) as double) / sold.orders', 'published.average_order_value') }}
    or {{ differ('cast(coalesce(sold.net_revenue, 0) as double) / sold.buyers', 'published.revenue_per_buyer') }}
    or {{ differ('cast(coalesce(sold.net_revenue, 0) as double) / seen.persons', 'published.arpu') }}
