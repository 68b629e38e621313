-- Every invitation and every customer is in exactly one month and dimension value, and a customer is won by one invitation only; otherwise
-- the k-factor and the value of referred customers would be wrong.
with counted as (

    select
        sum(invitations) as invitations,
        sum(converted) as converted,
        sum(referred_customers) as referred_customers,
        sum(referred_customers + other_customers) as customers,
        sum(referred_revenue + other_revenue) as revenue
    from {{ ref('kpi_referrals') }}
    where dimension = 'all'

),

made as (

    select
        count(*) as invitations,
        count(distinct case when is_converted then referred_person_id end) as converted
    from {{ ref('fct_referrals') }}

),

won as (

    select
        count(*) as customers,
        coalesce(sum(clv.historical_revenue), 0) as revenue
    from {{ ref('dim_persons') }} as persons
    left join {{ ref('kpi_clv') }} as clv on persons.person_id = clv.person_id
    where persons.customer_since is not null and not persons.is_internal

)

select 'invitations, or customers, that are in no month' as problem
from counted
cross join made
cross join won
where
    coalesce(counted.invitations, 0) <> made.invitations
    or coalesce(counted.converted, 0) <> made.converted
    or coalesce(counted.referred_customers, 0) > made.converted
    or coalesce(counted.customers, 0) <> won.customers
    or coalesce(counted.revenue, 0) <> won.revenue
