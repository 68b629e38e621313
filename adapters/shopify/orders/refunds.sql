with csv_refunds as (
    select
        *,
        list_max(list_transform([iso_offset("Created at"), iso_offset("Paid at"), iso_offset("Fulfilled at"), iso_offset("Cancelled at")],
            lambda moment: try_cast(moment as timestamptz) at time zone 'UTC')) as last_known_at
    from orders_export
    -- continuation rows have no amount, and an order without a refund has 0.00
    where coalesce(try_cast(filled("Refunded Amount") as decimal(28, 2)), 1) <> 0
        and filled("Refunded Amount") is not null
        and coalesce(getvariable('undated_refunds'), '') <> 'leave_out'
),

json_refunds as (
    select
        as_json(refund) ->> '$.id' as refund_id,
        orders_json.id as order_id,
        coalesce(as_json(refund) ->> '$.processed_at', as_json(refund) ->> '$.created_at') as refunded_at,
        as_json(refund) -> '$.transactions' as transactions
    from orders_json
    cross join unnest(json_list(orders_json.refunds)) as refunds (refund)

    union

    -- deduplicate refunds delivered both separately and inside their order
    select
        id as refund_id,
        order_id,
        coalesce(filled(processed_at), created_at) as refunded_at,
        as_json(transactions) as transactions
    from refunds_json
)

select
    coalesce(exact_id("Id"), "Name") || '-refunded' as refund_id,
    coalesce(exact_id("Id"), "Name") as order_id,
    -- The CSV has one sum of refunds per order, without a date. Use the latest time of the order: net revenue is counted in the order's
    -- month, so it does not depend on this date.
    coalesce(strftime(last_known_at, '%Y-%m-%dT%H:%M:%S+00:00'), "Created at") as refunded_at,
    "Refunded Amount" as amount,
    "Currency" as currency,
    strftime(last_known_at + to_microseconds(coalesce(try_cast(try_cast("Refunded Amount" as decimal(13, 2)) * 100 as bigint), 0)), '%Y-%m-%dT%H:%M:%S.%f+00:00') as updated_at,
    null as is_deleted
from csv_refunds

union all by name

select
    json_refunds.refund_id,
    json_refunds.order_id,
    json_refunds.refunded_at,
    -- Use the refunded transactions: line subtotals exclude tax, shipping and adjustments. Without a transaction goods were only restocked.
    cast(coalesce(sum(case when is_money_back then try_cast(as_json(transaction) ->> '$.amount' as decimal(28, 4)) end), 0) as varchar) as amount,
    max(case when is_money_back then as_json(transaction) ->> '$.currency' end) as currency,
    null as updated_at,
    null as is_deleted
from json_refunds
left join unnest(json_list(json_refunds.transactions)) as transactions (transaction) on true
cross join lateral (select as_json(transaction) ->> '$.kind' = 'refund' and as_json(transaction) ->> '$.status' = 'success' as is_money_back) as kinds
group by json_refunds.refund_id, json_refunds.order_id, json_refunds.refunded_at

union all by name

select
    refund.id as refund_id,
    refund.order_id,
    utc_time(coalesce(filled(refund.processed_at), refund.created_at)) as refunded_at,
    coalesce(
        filled(refund.total_refunded_set_shop_amount),
        money_back.amount,
        -- without the transaction table the amount is unknown and the row is quarantined; with it, no transaction means goods restocked
        case when (select count(*) from "transaction") > 0 then '0' end
    ) as amount,
    coalesce(filled(refund.total_refunded_set_shop_currency_code), money_back.currency) as currency,
    utc_time(refund.updated_at) as updated_at,
    null as is_deleted
from refund
left join (
    select refund_id, cast(sum(try_cast(amount as decimal(28, 4))) as varchar) as amount, max(currency) as currency
    from "transaction"
    where lower(kind) = 'refund' and lower(status) = 'success'
    group by refund_id
) as money_back on refund.id = money_back.refund_id
