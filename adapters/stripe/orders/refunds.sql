with json_refunds as (
    select id, amount, id_of(charge) as charge, created, currency, reason, status
    from refunds_json

    union

    -- the same refunds inside their charges, as in responses of older API versions
    select
        as_json(refund) ->> '$.id' as id,
        as_json(refund) ->> '$.amount' as amount,
        charges_json.id as charge,
        as_json(refund) ->> '$.created' as created,
        as_json(refund) ->> '$.currency' as currency,
        as_json(refund) ->> '$.reason' as reason,
        as_json(refund) ->> '$.status' as status
    from charges_json
    cross join unnest(json_list(as_json(charges_json.refunds) -> '$.data')) as in_charge (refund)
),

refunds as (
    select
        id || '-refunded' as refund_id,
        id as order_id,
        -- the CSV has one sum of refunds per payment, with the date of the last refund
        utc_time(coalesce(filled("Refunded date (UTC)"), filled("Created date (UTC)"), "Created (UTC)")) as refunded_at,
        "Amount Refunded" as amount,
        upper("Currency") as currency,
        null as reason,
        utc_time("Refunded date (UTC)") as updated_at
    from payments_export
    where filled("Amount Refunded") is not null
        -- a payment without a refund has 0.00
        and coalesce(try_cast("Amount Refunded" as decimal(28, 4)), 1) <> 0

    union all by name

    select
        id as refund_id,
        charge as order_id,
        epoch_time(created) as refunded_at,
        minor_units(amount, currency) as amount,
        upper(currency) as currency,
        reason
    from json_refunds
    -- pending, failed or cancelled refunds paid nothing back
    where status = 'succeeded'

    union all by name

    -- a refunded charge without delivered refunds has no refund date: use that of the charge, in whose month net revenue is counted anyway
    select
        id || '-refunded' as refund_id,
        id as order_id,
        epoch_time(created) as refunded_at,
        minor_units(amount_refunded, currency) as amount,
        upper(currency) as currency,
        null as reason
    from charges_json
    where coalesce(try_cast(amount_refunded as bigint), 0) > 0
        and id not in (select charge from json_refunds where charge is not null)

    union all by name

    select
        id as refund_id,
        charge_id as order_id,
        utc_time(created) as refunded_at,
        minor_units(amount, currency) as amount,
        upper(currency) as currency,
        reason,
        utc_time(_fivetran_synced) as updated_at
    from refund
    where lower(status) = 'succeeded'
)

select *
from refunds
where coalesce(getvariable('orders'), '') <> 'leave_out'
