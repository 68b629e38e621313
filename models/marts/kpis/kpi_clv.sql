{%- set covered_revenue = 'cast(orders.net_revenue as double) * order_costs.covered_share' -%}
{%- set margin = covered_revenue ~ ' * (1 - order_costs.cost_ratio)' -%}

with orders as (

    select * from {{ ref('fct_orders') }}
    where is_conversion

),

{# what is known of an order's cost: the share of its value that has a cost, and the cost of that share #}
order_costs as (

    select
        order_id,
        cast(sum(item_amount) filter (where item_cost is not null) as double) / nullif(cast(sum(item_amount) as double), 0)
            as covered_share,
        cast(sum(item_cost) as double)
        / nullif(cast(sum(item_amount) filter (where item_cost is not null) as double), 0) as cost_ratio
    from {{ ref('fct_order_items') }}
    group by order_id

),

margins as (

    select
        orders.person_id,
        orders.ordered_date,
        orders.net_revenue,
        coalesce(order_costs.covered_share, 0) as covered_share,
        cast({{ round_double(covered_revenue, setting('currency_decimals')) }} as decimal(18, 4)) as covered_revenue,
        cast({{ round_double(margin, setting('currency_decimals')) }} as decimal(18, 4)) as margin
    from orders
    left join order_costs on orders.order_id = order_costs.order_id

),

customers as (

    select
        person_id,
        count(*) as orders,
        count(distinct ordered_date) - 1 as frequency,
        min(ordered_date) as first_date,
        max(ordered_date) as last_date,
        sum(net_revenue) as historical_revenue,
        sum(margin) as historical_margin,
        coalesce(sum(covered_revenue), 0) as covered_revenue
    from margins
    group by person_id

)

select
    person_id,
    'historical' as clv_method,
    orders,
    cast(historical_revenue as decimal(18, 4)) as historical_revenue,
    cast(historical_margin as decimal(18, 4)) as historical_margin,
    cast(covered_revenue as double) / nullif(cast(historical_revenue as double), 0) as cost_coverage,
    frequency,
    {{ days_between('first_date', 'last_date') }} / cast(7 as double) as recency_weeks,
    {{ days_between('first_date', reporting_date(as_of())) }} / cast(7 as double) as age_weeks,
    {{ days_between('last_date', reporting_date(as_of())) }} as days_since_last_order
from customers
