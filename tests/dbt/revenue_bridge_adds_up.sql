-- The bridge in audit_revenue explains net revenue to the last minor unit; otherwise an order is under no heading or under two.
select *
from {{ ref('audit_revenue') }}
where total_amount - pending_or_cancelled - test_or_internal - tax - shipping - returned - refunded <> net_revenue
