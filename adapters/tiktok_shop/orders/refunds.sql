-- Orders of which a part of the money went back. Cancelled ones were no sale, and those given back whole have the status returned.
select
    order_id || '-refund' as refund_id,
    order_id,
    -- TikTok does not say when the money went back
    coalesce(nullif(cancelled_at, ''), nullif(delivered_at, ''), nullif(shipped_at, ''), created_at) as refunded_at,
    "Order Refund Amount" as amount,
    cast(getvariable('currency') as varchar) as currency,
    return_type as reason
from newest_orders
where refunded > 0 and not is_returned and status_read <> 'cancelled'
