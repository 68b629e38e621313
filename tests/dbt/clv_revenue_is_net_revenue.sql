-- A customer left out of kpi_clv, or counted twice, would change the sum of historical revenue.
with clv as (

    select coalesce(sum(historical_revenue), 0) as revenue
    from {{ ref('kpi_clv') }}

),

audit as (

    select coalesce(sum(net_revenue), 0) as revenue
    from {{ ref('audit_revenue') }}

)

select
    clv.revenue,
    audit.revenue as audited_revenue
from clv
cross join audit
where clv.revenue <> audit.revenue
