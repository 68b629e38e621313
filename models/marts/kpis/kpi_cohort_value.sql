{%- set labels = {'dimension_value': 'dimension'} -%}
{%- set grain = 'cohort_month, dimension, dimension_value' -%}

with purchases as (

    select
        conversions.person_id,
        {# a deal or subscription that names no person has the company as its customer #}
        case when conversions.person_id <> 'unknown' then conversions.person_id else conversions.company_id end as customer_id,
        conversions.company_id,
        {{ month_of('conversions.converted_date') }} as month_start,
        conversions.revenue,
        {# only orders have a cost: deals and subscriptions contribute their whole revenue #}
        case when orders.order_id is null then 0 else orders.covered_revenue end as covered_revenue,
        case when orders.order_id is null then conversions.revenue else {{ contribution('orders') }} end as contribution
    from {{ ref('fct_conversions') }} as conversions
    left join {{ ref('fct_orders') }} as orders on conversions.order_id = orders.order_id
    where conversions.conversion_type in ('order', 'deal_won', 'subscription_started')

),

customers as (

    select
        customer_id,
        min(person_id) as person_id,
        min(company_id) as company_id,
        min(month_start) as cohort_month
    from purchases
    group by customer_id

),

members as (

    select
        customers.customer_id,
        customers.cohort_month,
        coalesce(persons.first_channel, 'unknown') as first_channel,
        coalesce(persons.persona, 'unknown') as persona,
        case
            when customers.person_id = 'unknown' then coalesce(companies.customer_type, 'unknown')
            else persons.customer_type
        end as customer_type
    from customers
    inner join {{ ref('dim_persons') }} as persons on customers.person_id = persons.person_id
    left join {{ ref('dim_companies') }} as companies on customers.company_id = companies.company_id

),

member_months as (

    select
        members.*,
        purchases.month_start,
        purchases.revenue,
        purchases.covered_revenue,
        purchases.contribution
    from members
    inner join purchases on members.customer_id = purchases.customer_id

),

earned as (

    {{ by_dimension('member_months', ['first_channel', 'persona', 'customer_type'], {
        'revenue': 'sum(revenue)',
        'covered_revenue': 'sum(covered_revenue)',
        'contribution': 'sum(contribution)',
    }, by=['cohort_month', 'month_start']) }}

),

counted as (

    {{ by_dimension('members', ['first_channel', 'persona', 'customer_type'], {'customers': 'count(*)'}, by=['cohort_month']) }}

),

spend as (

    select
        {{ month_of('spend_date') }} as cohort_month,
        channel as first_channel,
        cost
    from {{ ref('fct_ad_spend') }}

),

{# ad spend is known by channel, not by persona or customer type #}
spent as (

    {{ by_dimension('spend', ['first_channel'], {'cost': 'sum(cost)'}, by=['cohort_month']) }}

),

{# keep spend that won nobody: without it acquisition would look cheaper than it was #}
cohorts as (

    select
        coalesce(counted.cohort_month, spent.cohort_month) as cohort_month,
        coalesce(counted.dimension, spent.dimension) as dimension,
        coalesce(counted.dimension_value, spent.dimension_value) as dimension_value,
        coalesce(counted.customers, 0) as customers,
        case
            when coalesce(counted.dimension, spent.dimension) in ('all', 'first_channel') then coalesce(spent.cost, 0)
        end as cost_to_acquire
    from counted
    full outer join spent
        on counted.cohort_month = spent.cohort_month
        and counted.dimension = spent.dimension
        and counted.dimension_value = spent.dimension_value

),

months as (

    select distinct {{ month_of('date_day') }} as month_start
    from {{ date_spine('(select min(cohort_month) from cohorts)', reporting_date(as_of())) }} as days

),

filled as (

    select
        cohorts.*,
        months.month_start,
        (year(months.month_start) - year(cohorts.cohort_month)) * 12
        + month(months.month_start) - month(cohorts.cohort_month) as months_since,
        {{ is_complete_month('months.month_start') }} as is_complete,
        coalesce(earned.revenue, 0) as revenue,
        coalesce(earned.covered_revenue, 0) as covered_revenue,
        coalesce(earned.contribution, 0) as contribution
    from cohorts
    inner join months on cohorts.cohort_month <= months.month_start
    left join earned
        on cohorts.cohort_month = earned.cohort_month
        and cohorts.dimension = earned.dimension
        and cohorts.dimension_value = earned.dimension_value
        and months.month_start = earned.month_start

),

cumulated as (

    select
        *,
        sum(revenue) over so_far as cumulative_revenue,
        sum(covered_revenue) over so_far as cumulative_covered_revenue,
        sum(contribution) over so_far as cumulative_contribution
    from filled
    window so_far as (
        partition by {{ grain }}
        order by months_since
        rows between unbounded preceding and current row
    )

),

aged as (

    select
        *,
        max(case when months_since = 3 and is_complete then cumulative_contribution end) over of_cohort as contribution_3m,
        max(case when months_since = 6 and is_complete then cumulative_contribution end) over of_cohort as contribution_6m,
        max(case when months_since = 12 and is_complete then cumulative_contribution end) over of_cohort as contribution_12m,
        max(case when months_since = 24 and is_complete then cumulative_contribution end) over of_cohort as contribution_24m
    from cumulated
    window of_cohort as (partition by {{ grain }})

)

select
    cohort_month,
    cast(months_since as bigint) as months_since,
    dimension,
    dimension_value,
    {{ label_columns(labels) }},
    month_start,
    is_complete,
    customers,
    cast(revenue as decimal(28, 4)) as revenue,
    cast(contribution as decimal(28, 4)) as contribution,
    cast(cumulative_revenue as decimal(28, 4)) as cumulative_revenue,
    cast(cumulative_contribution as decimal(28, 4)) as cumulative_contribution,
    {{ cost_coverage('cumulative_covered_revenue', 'cumulative_revenue') }} as cost_coverage,
    case when is_complete then cast(cumulative_revenue as double) / nullif(customers, 0) end as cumulative_revenue_per_customer,
    case when is_complete then cast(cumulative_contribution as double) / nullif(customers, 0) end as cumulative_contribution_per_customer,
    cast(cost_to_acquire as decimal(28, 4)) as cost_to_acquire,
    cast(cost_to_acquire as double) / nullif(customers, 0) as cac,
    cast(contribution_3m as double) / nullif(cast(cost_to_acquire as double), 0) as ltv_cac_3m,
    cast(contribution_6m as double) / nullif(cast(cost_to_acquire as double), 0) as ltv_cac_6m,
    cast(contribution_12m as double) / nullif(cast(cost_to_acquire as double), 0) as ltv_cac_12m,
    cast(contribution_24m as double) / nullif(cast(cost_to_acquire as double), 0) as ltv_cac_24m
from {{ with_labels('aged', labels) }} as aged
