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

results as (

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

select concat_ws(' ', cast(published.cohort_month as string), published.attribution_model) as problem
from {{ ref('kpi_unit_economics') }} as published
left join results on published.cohort_month = results.cohort_month
left join spent on published.cohort_month = spent.cohort_month
left join paid
    on published.cohort_month = paid.cohort_month
    and published.attribution_model = paid.attribution_model
where
    published.dimension = 'all'
    and (
        published.customers <> coalesce(results.customers, 0)
        or published.contribution <> coalesce(results.contribution, 0)
        or {{ differ('cast(coalesce(spent.cost, 0) as double) / results.customers', 'published.blended_cac') }}
        or {{ differ('cast(coalesce(spent.cost, 0) as double) / nullif(paid.customers, 0)', 'published.paid_cac') }}
        or {{ differ('cast(results.contribution + results.predicted as double) / results.customers', 'published.ltv') }}
        or {{ differ('cast(coalesce(results.contribution, 0) as double) / nullif(spent.cost, 0)', 'published.clv_to_date_to_cac') }}
        or {{ differ('cast(results.contribution + results.predicted as double) / nullif(spent.cost, 0)', 'published.ltv_to_cac') }}
    )
