-- One row per partly returned order; fully returned orders have the status returned and no refund.
select
    order_id || '-back' as refund_id,
    order_id,
    -- Shopee gives no date of the return; use the completion of the order, which follows it
    coalesce(max(finished_at), max(ordered_at)) as refunded_at,
    cast(sum(price * pieces_back) as varchar) as amount,
    cast(getvariable('currency') as varchar) as currency
from newest_lines
where status = 'completed'
group by order_id
having sum(pieces_back) > 0 and sum(pieces_back) < sum(pieces)
