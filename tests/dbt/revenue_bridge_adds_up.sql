-- The bridge must explain net revenue to the last minor unit, or an order was counted under no heading, or under two.
select *
from {{ ref('audit_revenue') }}
where total_amount - pending_or_cancelled - test_or_internal - tax - shipping - returned - refunded <> net_revenue
