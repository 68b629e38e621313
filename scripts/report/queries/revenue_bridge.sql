select
    month_start, total_amount, -pending_or_cancelled as pending_or_cancelled, -test_or_internal as test_or_internal, -tax as tax,
    -shipping as shipping, -returned as returned, -refunded as refunded, net_revenue
from marts.audit_revenue
where total_amount <> 0 or net_revenue <> 0
order by month_start
