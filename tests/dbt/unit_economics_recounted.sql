-- Recounts CAC and lifetime value of a cohort month from customers, spend, orders and predictions. CAC per lead, or value without costs,
-- would make any channel look profitable.
with customers as (

    select
        person_id,
        conversion_id,
        {{ month_of('converted_date') }} as cohort_month
    from {{ ref('fct_conversions') }}
    where conversion_type = 'customer'

),

bought as (

    select
        person_id,
        sum(net_revenue - covered_revenue + coalesce(margin, 0)) as contribution
    from {{ ref('fct_orders') }}
    where is_conversion
    group by person_id

),

brought as (

    select
        customers.cohort_month,
        count(*) as customers,
        coalesce(sum(bought.contribution), 0) as contribution,
        sum(cast({{ round_double('clv.predicted_clv_12m', 4) }} as decimal(28, 4))) as predicted
    from customers
    left join bought on customers.person_id = bought.person_id
    left join {{ ref('kpi_clv') }} as clv on customers.person_id = clv.person_id
    group by customers.cohort_month

),

paid as (

    select
        customers.cohort_month,
        attribution.attribution_model,
        sum(attribution.credit) as customers
    from customers
    inner join {{ ref('fct_attribution') }} as attribution on customers.conversion_id = attribution.conversion_id
    inner join {{ ref('dim_channels') }} as channels on attribution.channel = channels.channel
    where channels.ownership = 'paid'
    group by customers.cohort_month, attribution.attribution_model

),

spent as (

    select
        {{ month_of('spend_date') }} as cohort_month,
        sum(cost) as cost
    from {{ ref('fct_ad_spend') }}
    group by {{ month_of('spend_date') }}

)

select concat_ws(' ', cast(told.cohort_month as string), told.attribution_model) as problem
from {{ ref('kpi_unit_economics') }} as told
left join brought on told.cohort_month = brought.cohort_month
left join spent on told.cohort_month = spent.cohort_month
left join paid
    on told.cohort_month = paid.cohort_month
    and told.attribution_model = paid.attribution_model
where
    told.dimension = 'all'
    and (
        told.customers <> coalesce(brought.customers, 0)
        or told.contribution <> coalesce(brought.contribution, 0)
        or {{ differ('cast(coalesce(spent.cost, 0) as double) / brought.customers', 'told.blended_cac') }}
        or {{ differ('cast(coalesce(spent.cost, 0) as double) / nullif(paid.customers, 0)', 'told.paid_cac') }}
        or {{ differ('cast(brought.contribution + brought.predicted as double) / brought.customers', 'told.ltv') }}
        or {{ differ('cast(coalesce(brought.contribution, 0) as double) / nullif(spent.cost, 0)', 'told.clv_to_date_to_cac') }}
        or {{ differ('cast(brought.contribution + brought.predicted as double) / nullif(spent.cost, 0)', 'told.ltv_to_cac') }}
    )
