-- For every attribution model and dimension, spend adds up to all ad spend, customers to all new customers, and revenue to that of all
-- their orders, except for rounding of shares. Spend that won nobody and customers without a touchpoint must count, or CAC would look
-- better than it is.
with sums as (

    select
        attribution_model,
        dimension,
        sum(spend) as spend,
        sum(customers) as customers,
        sum(revenue) as revenue
    from {{ ref('kpi_unit_economics') }}
    group by attribution_model, dimension

),

spent as (

    select coalesce(sum(cost), 0) as spend
    from {{ ref('fct_ad_spend') }}

),

bought as (

    select
        person_id,
        sum(net_revenue) as revenue,
        count(distinct {{ month_of('ordered_date') }}) as months
    from {{ ref('fct_orders') }}
    where is_conversion
    group by person_id

),

channels as (

    select count(*) as channels
    from {{ ref('dim_channels') }}

),

customers as (

    select
        count(*) as customers,
        coalesce(sum(bought.revenue), 0) as revenue,
        coalesce(sum(bought.months), 0) * max(channels.channels) as shares
    from {{ ref('fct_conversions') }} as conversions
    cross join channels
    left join bought on conversions.person_id = bought.person_id
    where conversions.conversion_type = 'customer'

),

{# every model and dimension must have rows: one without any would pass all sums #}
expected as (

    select count(*) as combinations
    from sums

)

select
    sums.attribution_model,
    sums.dimension
from sums
cross join spent
cross join customers
where
    sums.spend <> spent.spend
    or sums.customers <> customers.customers
    {# rounding: each channel's share of a customer's month is off by at most 0.00005 #}
    or abs(sums.revenue - customers.revenue) > 0.00005 * customers.shares
union all
select
    'combinations' as attribution_model,
    cast(expected.combinations as string) as dimension
from expected
cross join spent
cross join customers
where (spent.spend > 0 or customers.customers > 0) and expected.combinations <> 2 * {{ var('attribution_models') | length }}
