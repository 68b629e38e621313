-- Historical revenue in kpi_clv adds up to net revenue; a customer left out or counted twice would change the sum.
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
