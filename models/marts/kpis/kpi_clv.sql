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

buyers as (

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

),

contracts as (

    select * from {{ ref('int_clv_contracts') }}

),

{# who only has a contract is a customer too #}
customers as (

    select
        coalesce(buyers.person_id, contracts.person_id) as person_id,
        contracts.person_id is not null as has_contract,
        coalesce(buyers.orders, 0) as orders,
        coalesce(buyers.frequency, 0) as frequency,
        buyers.first_date,
        buyers.last_date,
        coalesce(buyers.historical_revenue, 0) as historical_revenue,
        buyers.historical_margin,
        coalesce(buyers.covered_revenue, 0) as covered_revenue,
        contracts.contract_value_12m
    from buyers
    full outer join contracts on buyers.person_id = contracts.person_id

),

predictions as (

    select * from {{ ref('int_clv_predictions') }}
    where fit_window = 'all'

)

select
    customers.person_id,
    case
        when customers.has_contract then 'contract'
        when predictions.p_alive is not null then 'bg_nbd'
        else 'historical'
    end as clv_method,
    customers.orders,
    cast(customers.historical_revenue as decimal(18, 4)) as historical_revenue,
    cast(customers.historical_margin as decimal(18, 4)) as historical_margin,
    cast(customers.covered_revenue as double) / nullif(cast(customers.historical_revenue as double), 0) as cost_coverage,
    customers.frequency,
    {{ days_between('customers.first_date', 'customers.last_date') }} / cast(7 as double) as recency_weeks,
    {{ days_between('customers.first_date', reporting_date(as_of())) }} / cast(7 as double) as age_weeks,
    {{ days_between('customers.last_date', reporting_date(as_of())) }} as days_since_last_order,
    predictions.p_alive,
    predictions.predicted_purchases as predicted_purchases_12m,
    predictions.expected_value_per_purchase_day,
    case
        when customers.has_contract then cast(customers.contract_value_12m as double)
        else
            predictions.discounted_purchases * predictions.expected_value_per_purchase_day
            * coalesce(
                cast(customers.historical_margin as double) / nullif(cast(customers.covered_revenue as double), 0), 1
            )
    end as predicted_clv_12m
from customers
left join predictions on customers.person_id = predictions.person_id
