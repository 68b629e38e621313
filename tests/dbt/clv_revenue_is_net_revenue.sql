-- A customer left out of kpi_clv, or counted twice, would change the sum of historical revenue.
select
    clv.revenue,
    audit.revenue as audited_revenue
from (select coalesce(sum(historical_revenue), 0) as revenue from {{ ref('kpi_clv') }}) as clv
cross join (select coalesce(sum(net_revenue), 0) as revenue from {{ ref('audit_revenue') }}) as audit
where clv.revenue <> audit.revenue
