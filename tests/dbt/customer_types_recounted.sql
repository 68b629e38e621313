-- Recounts conversion of leads and value of customers by customer type, from persons, conversions and orders.
with persons as (

    select * from {{ ref('dim_persons') }}
    where not is_internal and person_id <> 'unknown'

),

judged_leads as (

    select
        max_by(history.customer_type, history.valid_from) as customer_type,
        {{ microseconds_between('conversions.converted_at', 'min(persons.customer_since)') }} as microseconds,
        {{ setting('funnel_window_days') }} * cast(86400000000 as bigint) as window_microseconds,
        {{ microseconds_between('conversions.converted_at', as_of()) }} as age_microseconds
    from {{ ref('fct_conversions') }} as conversions
    inner join persons on conversions.person_id = persons.person_id
    inner join {{ ref('dim_persons_history') }} as history
        on conversions.person_id = history.person_id
        and conversions.converted_at >= history.valid_from
    where conversions.conversion_type = 'lead'
    group by conversions.conversion_id, conversions.converted_at

),

{# a lead who was a customer already cannot become one; the type is the one known when the person became a lead #}
leads as (

    select
        customer_type,
        count(*) as leads,
        count(*) filter (where age_microseconds >= window_microseconds and coalesce(microseconds >= 0, true)) as mature_leads,
        count(*) filter (where age_microseconds >= window_microseconds and microseconds between 0 and window_microseconds)
            as converted_leads
    from judged_leads
    group by customer_type

),

ways as (

    select
        persons.person_id,
        persons.customer_type,
        {{ microseconds_between('min(touchpoints.touched_at)', 'max(persons.customer_since)') }} as microseconds
    from persons
    inner join {{ ref('fct_touchpoints') }} as touchpoints
        on persons.person_id = touchpoints.person_id
        and persons.customer_since >= touchpoints.touched_at
    where touchpoints.is_attributable
    group by persons.person_id, persons.customer_type

),

middles as (

    {{ middle_hours('ways', 'customer_type', 'microseconds') }}

),

revenues as (

    select
        persons.customer_type,
        count(distinct persons.person_id) as customers,
        coalesce(sum(conversions.revenue), 0) as revenue
    from persons
    left join {{ ref('fct_conversions') }} as conversions on persons.person_id = conversions.person_id
    where persons.customer_since is not null
    group by persons.customer_type

),

sold as (

    select
        persons.customer_type,
        count(*) as orders,
        sum(orders.net_revenue) as net_revenue
    from {{ ref('fct_orders') }} as orders
    inner join persons on orders.person_id = persons.person_id
    where orders.is_conversion
    group by persons.customer_type

)

select published.customer_type
from (
    select * from {{ ref('kpi_customer_types') }}
    where period = 'all'
) as published
left join leads on published.customer_type = leads.customer_type
left join middles on published.customer_type = middles.customer_type
left join revenues on published.customer_type = revenues.customer_type
left join sold on published.customer_type = sold.customer_type
where
    published.leads <> coalesce(leads.leads, 0)
    or published.mature_leads <> coalesce(leads.mature_leads, 0)
    or published.converted_leads <> coalesce(leads.converted_leads, 0)
    or published.customers <> coalesce(revenues.customers, 0)
    or {{ differ('cast(leads.converted_leads as double) / nullif(leads.mature_leads, 0)', 'published.conversion_rate') }}
    or {{ differ('middles.middle_hours / 24', 'published.median_cycle_days') }}
    or {{ differ('cast(sold.net_revenue as double) / sold.orders', 'published.average_order_value') }}
    or {{ differ('cast(revenues.revenue as double) / revenues.customers', 'published.average_customer_revenue') }}
