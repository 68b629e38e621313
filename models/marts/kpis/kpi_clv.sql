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
        max(ordered_at) as last_ordered_at,
        sum(net_revenue) as historical_revenue,
        sum(margin) as historical_margin,
        sum(covered_revenue) as covered_revenue
    from orders
    group by person_id

),

contracts as (

    select * from {{ ref('int_clv_contracts') }}

),

predictions as (

    select * from {{ ref('int_clv_predictions') }}
    where fit_window = 'all'

),

company as (

    select max(company_margin_ratio) as margin_ratio
    from {{ ref('int_clv_margins') }}

),

{# margin ratio of a customer: mean over the categories bought, weighted by revenue #}
margins as (

    select
        person_id,
        sum(cast(revenue as double) * category_margin_ratio) / sum(cast(revenue as double)) as margin_ratio
    from {{ ref('int_clv_margins') }}
    where revenue > 0
    group by person_id

),

{# RFM ranks among all buyers; ties share a rank #}
ranked as (

    select
        person_id,
        count(*) over () as buyers,
        rank() over (order by last_date) as recency_rank,
        rank() over (order by frequency) as frequency_rank,
        rank() over (order by historical_revenue) as revenue_rank
    from buyers

),

scored as (

    select
        person_id,
        {{ rank_score('recency_rank', 'buyers') }} as recency_score,
        {{ rank_score('frequency_rank', 'buyers') }} as frequency_score,
        {{ rank_score('revenue_rank', 'buyers') }} as revenue_score
    from ranked

),

segmented as (

    select
        scored.person_id,
        segments.rfm_segment,
        segments.label_en,
        segments.label_vi
    from scored
    inner join {{ ref('rfm_segments') }} as segments
        on scored.recency_score between segments.recency_from and segments.recency_to
        and ceil((scored.frequency_score + scored.revenue_score) / 2.0) between segments.value_from and segments.value_to

),

{# customers: buyers, and who has only a contract or a won deal #}
persons as (

    select person_id from buyers
    union
    select person_id from contracts
    union
    select person_id from {{ ref('dim_persons') }}
    where customer_since is not null

),

customers as (

    select
        persons.person_id,
        coalesce(buyers.orders, 0) as orders,
        coalesce(buyers.frequency, 0) as frequency,
        buyers.first_date,
        buyers.last_date,
        buyers.last_ordered_at,
        coalesce(buyers.historical_revenue, 0) as historical_revenue,
        buyers.historical_margin,
        coalesce(buyers.covered_revenue, 0) as covered_revenue,
        coalesce(contracts.running_subscriptions, 0) > 0 as has_running_subscription,
        coalesce(contracts.mrr, 0) as mrr,
        contracts.contract_revenue_12m
    from persons
    left join buyers on persons.person_id = buyers.person_id
    left join contracts on persons.person_id = contracts.person_id

),

valued as (

    select
        customers.*,
        case
            when customers.has_running_subscription and customers.contract_revenue_12m is not null then 'contract'
            {# each of the two models may lack a fit #}
            when
                not customers.has_running_subscription
                and predictions.discounted_purchases is not null
                and predictions.expected_value_per_purchase_day is not null
                then '{{ setting('clv_model') }}'
            else 'historical'
        end as clv_method,
        case when company.margin_ratio is not null then 'margin' else 'revenue' end as clv_basis,
        coalesce(margins.margin_ratio, company.margin_ratio, 1) as margin_ratio,
        predictions.p_alive,
        predictions.predicted_purchases,
        predictions.expected_value_per_purchase_day,
        predictions.discounted_purchases * predictions.expected_value_per_purchase_day as order_revenue_12m
    from customers
    cross join company
    left join margins on customers.person_id = margins.person_id
    left join predictions on customers.person_id = predictions.person_id

)

select
    valued.person_id,
    valued.clv_method,
    valued.clv_basis,
    valued.orders,
    cast(valued.historical_revenue as decimal(28, 4)) as historical_revenue,
    cast(valued.historical_margin as decimal(28, 4)) as historical_margin,
    {{ cost_coverage('valued.covered_revenue', 'valued.historical_revenue') }} as cost_coverage,
    valued.margin_ratio,
    valued.frequency,
    {{ days_between('valued.first_date', 'valued.last_date') }} / cast(7 as double) as recency_weeks,
    {{ days_between('valued.first_date', reporting_date(as_of())) }} / cast(7 as double) as age_weeks,
    {{ days_between('valued.last_date', reporting_date(as_of())) }} as days_since_last_order,
    coalesce(
        not valued.has_running_subscription
        and {{ add_days('valued.last_ordered_at', setting('lapse_days')) }} <= {{ as_of() }},
        false
    ) as is_lapsed,
    valued.p_alive,
    valued.predicted_purchases as predicted_purchases_12m,
    valued.expected_value_per_purchase_day,
    cast(valued.mrr as decimal(28, 4)) as mrr,
    case when valued.has_running_subscription then cast(valued.contract_revenue_12m as decimal(28, 4)) end as contract_revenue_12m,
    valued.margin_ratio * case
        when valued.clv_method = 'contract' then cast(valued.contract_revenue_12m as double) + coalesce(valued.order_revenue_12m, 0)
        when valued.clv_method <> 'historical' then valued.order_revenue_12m
    end as predicted_clv_12m,
    segmented.rfm_segment,
    segmented.label_en as rfm_label_en,
    segmented.label_vi as rfm_label_vi
from valued
left join segmented on valued.person_id = segmented.person_id
