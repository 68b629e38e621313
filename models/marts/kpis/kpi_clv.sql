with orders as (

    select * from {{ ref('fct_orders') }}
    where is_conversion

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
        sum(covered_revenue) as covered_revenue
    from orders
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

    {# a subscription may be started by one contact and held by another, who is then no customer of orders alone #}
    select predictions.*
    from {{ ref('int_clv_predictions') }} as predictions
    left join contracts on predictions.person_id = contracts.person_id
    where predictions.fit_window = 'all' and contracts.person_id is null

)

select
    customers.person_id,
    case
        when customers.has_contract then 'contract'
        when predictions.p_alive is not null then '{{ setting('clv_model') }}'
        else 'historical'
    end as clv_method,
    customers.orders,
    cast(customers.historical_revenue as decimal(18, 4)) as historical_revenue,
    cast(customers.historical_margin as decimal(18, 4)) as historical_margin,
    {{ cost_coverage('customers.covered_revenue', 'customers.historical_revenue') }} as cost_coverage,
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
