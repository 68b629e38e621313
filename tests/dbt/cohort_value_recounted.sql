-- Recounts cumulative value and acquisition cost of a cohort from its purchases. One month too many, or a month's value in place of the
-- cumulative one, would make a cohort look better or worse.
with purchases as (

    select
        case when conversions.person_id <> 'unknown' then conversions.person_id else conversions.company_id end as customer_id,
        {{ month_of('conversions.converted_date') }} as month_start,
        {# contribution: revenue less the known cost of the order #}
        coalesce(orders.net_revenue - orders.covered_revenue + coalesce(orders.margin, 0), conversions.revenue) as contribution
    from {{ ref('fct_conversions') }} as conversions
    left join {{ ref('fct_orders') }} as orders on conversions.order_id = orders.order_id
    where conversions.conversion_type in ('order', 'deal_won', 'subscription_started')

),

earned as (

    select
        cohort_month,
        month_start,
        sum(contribution) as contribution,
        count(distinct case when month_start = cohort_month then customer_id end) as customers
    from (
        select
            *,
            min(month_start) over (partition by customer_id) as cohort_month
        from purchases
    ) as dated
    group by cohort_month, month_start

),

spent as (

    select
        {{ month_of('spend_date') }} as cohort_month,
        sum(cost) as cost
    from {{ ref('fct_ad_spend') }}
    group by {{ month_of('spend_date') }}

),

published as (

    select * from {{ ref('kpi_cohort_value') }}
    where dimension = 'all'

),

counted as (

    select
        published.cohort_month,
        published.months_since,
        coalesce(max(earned.customers), 0) as customers,
        coalesce(sum(earned.contribution), 0) as contribution
    from published
    left join earned
        on published.cohort_month = earned.cohort_month
        and earned.month_start <= published.month_start
    group by published.cohort_month, published.months_since

),

held as (

    select
        published.*,
        counted.customers as counted_customers,
        counted.contribution as counted_contribution,
        cast(counted.contribution as double) / nullif(spent.cost, 0) as ltv_cac,
        cast(coalesce(spent.cost, 0) as double) / nullif(counted.customers, 0) as counted_cac
    from published
    inner join counted
        on published.cohort_month = counted.cohort_month
        and published.months_since = counted.months_since
    left join spent on published.cohort_month = spent.cohort_month

)

select concat_ws(' ', cast(cohort_month as string), cast(months_since as string)) as problem
from held
where
    customers <> counted_customers
    or cumulative_contribution <> counted_contribution
    or {{ differ('counted_cac', 'cac') }}
    {%- for months in [3, 6, 12, 24] %}
    or (months_since = {{ months }} and is_complete and {{ differ('ltv_cac', 'ltv_cac_' ~ months ~ 'm') }})
    {%- endfor %}
