-- In every dimension each purchase and each unit of spend belongs to exactly one cohort, every customer is in one, and no month is missing.
with cohorts as (

    select * from {{ ref('kpi_cohort_value') }}

),

sums as (

    select
        dimension,
        sum(revenue) as revenue,
        sum(contribution) as contribution,
        sum(case when months_since = 0 then customers else 0 end) as customers,
        coalesce(sum(case when months_since = 0 then cost_to_acquire end), 0) as cost
    from cohorts
    group by dimension

),

converted as (

    select
        coalesce(sum(revenue), 0) as revenue,
        count(distinct case when person_id <> 'unknown' then person_id else company_id end) as customers
    from {{ ref('fct_conversions') }}
    where conversion_type in ('order', 'deal_won', 'subscription_started')

),

{# deals and subscriptions have no cost #}
ordered as (

    select
        coalesce(sum({{ contribution('orders') }}), 0) as contribution,
        coalesce(sum(orders.net_revenue), 0) as revenue
    from {{ ref('fct_orders') }} as orders
    where orders.is_conversion

),

spent as (

    select coalesce(sum(cost), 0) as cost
    from {{ ref('fct_ad_spend') }}

)

select sums.dimension as problem
from sums
cross join converted
cross join ordered
cross join spent
where
    sums.revenue <> converted.revenue
    or sums.contribution <> ordered.contribution + converted.revenue - ordered.revenue
    or sums.customers <> converted.customers
    or sums.cost <> case when sums.dimension in ('all', 'first_channel') then spent.cost else 0 end
union all
{# one row for each month from the cohort month to as-of #}
select concat_ws(' ', cast(cohort_month as string), dimension, dimension_value) as problem
from cohorts
group by cohort_month, dimension, dimension_value
having count(*) <> max(months_since) + 1 or max(month_start) <> {{ month_of(reporting_date(as_of())) }} or count(distinct customers) <> 1
union all
{# values of a running or future month must be null: they would be read as final #}
select concat_ws(' ', cast(cohort_month as string), dimension, dimension_value, cast(months_since as string)) as problem
from cohorts
where (customers > 0 and is_complete) <> (cumulative_contribution_per_customer is not null)
union all
{# a dimension without any rows would pass all sums #}
select dimensions.dimension as problem
from (
    select 'all' as dimension
    union all
    select 'first_channel' as dimension
    union all
    select 'persona' as dimension
    union all
    select 'customer_type' as dimension
) as dimensions
cross join converted
left join sums on dimensions.dimension = sums.dimension
where converted.customers > 0 and sums.dimension is null
