with refunds as (
    select
        id as refund_id,
        -- the refund does not name its order; its links do
        coalesce(filled(order_id), nullif(parent_id, '0'), filled(regexp_extract(as_json(_links) ->> '$.up[0].href', '/orders/(\d+)', 1))) as order_id,
        coalesce(utc_time(filled(date_created_gmt)), local_time(date_created, 'WooCommerce')) as refunded_at,
        amount,
        reason
    from refunds_json

    union all by name

    -- A refund inside its order has a negative total and no date. Use the order's last change: net revenue is counted in the order's month anyway.
    select
        as_json(refund) ->> '$.id' as refund_id,
        orders_json.id as order_id,
        coalesce(utc_time(filled(orders_json.date_modified_gmt)), local_time(orders_json.date_modified, 'WooCommerce')) as refunded_at,
        as_json(refund) ->> '$.total' as amount,
        as_json(refund) ->> '$.reason' as reason
    from orders_json
    cross join unnest(json_list(orders_json.refunds)) as in_order (refund)
    where as_json(refund) ->> '$.id' not in (select id from refunds_json where id is not null)

    union all by name

    -- id:726|date:2017-03-21 17:07:11|amount:10.00|reason:… ; a text without an amount is passed on unchanged and quarantined
    select
        coalesce(filled(regexp_extract(in_order.refund, '(?:^|\|)id:([^|]*)', 1)), orders_export.order_id || '-refund-' || in_order.number) as refund_id,
        orders_export.order_id,
        local_time(
            coalesce(filled(regexp_extract(in_order.refund, '(?:^|\|)date:([^|]*)', 1)), filled(orders_export.date), orders_export.order_date), 'WooCommerce''s CSV'
        ) as refunded_at,
        coalesce(filled(regexp_extract(in_order.refund, '(?:^|\|)(?:amount|total):([^|]*)', 1)), in_order.refund) as amount,
        filled(regexp_extract(in_order.refund, '(?:^|\|)reason:([^|]*)', 1)) as reason
    from orders_export
    cross join unnest(string_split(orders_export.refunds, ';')) with ordinality as in_order (refund, number)
    where filled(in_order.refund) is not null
)

select
    refund_id,
    order_id,
    refunded_at,
    ltrim(trim(amount), '-') as amount,
    filled(reason) as reason
from refunds
