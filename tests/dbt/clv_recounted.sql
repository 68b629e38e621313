-- Recounts kpi_clv from the orders: purchase days, value, RFM scores and the prediction. A value without the margin, or a second order on
-- one day counted as a repeat, would raise CLV for everybody.
with orders as (

    select * from {{ ref('fct_orders') }}
    where is_conversion

),

days as (

    select
        person_id,
        ordered_date,
        count(*) as orders,
        sum(net_revenue) as revenue,
        max(ordered_at) as last_ordered_at
    from orders
    group by person_id, ordered_date

),

bought as (

    select
        person_id,
        sum(orders) as orders,
        count(*) - 1 as frequency,
        {{ days_between('min(ordered_date)', 'max(ordered_date)') }} / 7e0 as recency_weeks,
        {{ days_between('min(ordered_date)', reporting_date(as_of())) }} / 7e0 as age_weeks,
        sum(revenue) as revenue,
        max(last_ordered_at) as last_ordered_at
    from days
    group by person_id

),

{# number of buyers that each buyer exceeds in revenue, frequency and recency #}
scored as (

    select
        *,
        count(*) over () as buyers,
        count(*) over (order by revenue range between unbounded preceding and current row) as revenue_place,
        count(*) over (partition by revenue) as revenue_ties,
        count(*) over (order by frequency range between unbounded preceding and current row) as frequency_place,
        count(*) over (partition by frequency) as frequency_ties,
        count(*) over (order by recency_days desc range between unbounded preceding and current row) as recency_place,
        count(*) over (partition by recency_days) as recency_ties
    from (
        select
            *,
            {{ days_between(reporting_date('last_ordered_at'), reporting_date(as_of())) }} as recency_days
        from bought
    ) as aged

),

segmented as (

    select
        scored.person_id,
        segments.rfm_segment
    from scored
    inner join {{ ref('rfm_segments') }} as segments
        on {{ rank_score('(recency_place - recency_ties + 1)', 'buyers') }} between segments.recency_from and segments.recency_to
        and ceil((
            {{ rank_score('(frequency_place - frequency_ties + 1)', 'buyers') }}
            + {{ rank_score('(revenue_place - revenue_ties + 1)', 'buyers') }}
        ) / 2e0) between segments.value_from and segments.value_to

),

subscribers as (

    select distinct person_id from {{ ref('fct_subscription_changes') }}

)

select clv.person_id
from {{ ref('kpi_clv') }} as clv
left join bought on clv.person_id = bought.person_id
left join segmented on clv.person_id = segmented.person_id
left join subscribers on clv.person_id = subscribers.person_id
where
    clv.orders <> coalesce(bought.orders, 0)
    or clv.frequency <> coalesce(bought.frequency, 0)
    or clv.historical_revenue <> coalesce(bought.revenue, 0)
    or {{ differ('bought.recency_weeks', 'clv.recency_weeks') }}
    or {{ differ('bought.age_weeks', 'clv.age_weeks') }}
    or clv.rfm_segment is distinct from segmented.rfm_segment
    or (
        subscribers.person_id is null
        and clv.is_lapsed <> coalesce(
            {{ microseconds_between('bought.last_ordered_at', as_of()) }} >= {{ setting('lapse_days') }} * cast(86400000000 as bigint),
            false
        )
    )
    {%- if setting('clv_discount_rate') == 0 %}
    {# expected revenue, and the part of it that is margin #}
    or {{ differ(
        "case when clv.clv_method <> 'historical' then clv.margin_ratio * (coalesce(cast(clv.contract_revenue_12m as double), 0)"
        ~ " + coalesce(clv.predicted_purchases_12m * clv.expected_value_per_purchase_day, 0)) end",
        'clv.predicted_clv_12m'
    ) }}
    {%- endif %}
