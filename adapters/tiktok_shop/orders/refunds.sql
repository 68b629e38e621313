-- One row per partly refunded order. Cancelled orders were no sale, and fully returned ones have the status returned.
select
    order_id || '-refund' as refund_id,
    order_id,
    -- TikTok has no date of the refund
    coalesce(nullif(cancelled_at, ''), nullif(delivered_at, ''), nullif(shipped_at, ''), created_at) as refunded_at,
    "Order Refund Amount" as amount,
    cast(getvariable('currency') as varchar) as currency,
    return_type as reason
from newest_orders
where refunded > 0 and not is_returned and status_read <> 'cancelled'
