with csv_rows as (
    select
        *,
        -- the first row of an order is the one with a total; an order name can occur again after an import, so each total starts a new order
        sum(case when filled("Total") is not null then 1 else 0 end) over (partition by _file, "Name" order by _row) as order_of_name
    from orders_export
),

csv_orders as (
    -- the later rows of an order are further lines without totals or status: they belong only in orders/order_items
    select
        *,
        list_max(list_transform([iso_offset("Created at"), iso_offset("Paid at"), iso_offset("Fulfilled at"), iso_offset("Cancelled at")],
            lambda moment: try_cast(moment as timestamptz) at time zone 'UTC')) as last_known_at
    from csv_rows
    qualify row_number() over (partition by _file, "Name", order_of_name order by _row) = 1
),

sources as (
    select
        coalesce(exact_id("Id"), "Name") as order_id,
        "Name" as record_number,
        "Email" as email,
        coalesce(filled(unquoted("Phone")), filled(unquoted("Billing Phone")), filled(unquoted("Shipping Phone"))) as phone,
        null as contact_id,
        null as company_id,
        "Note Attributes" as note_attributes,
        iso_offset("Created at") as ordered_at,
        "Cancelled at" as cancelled_at,
        "Financial Status" as financial_status,
        "Fulfillment Status" as fulfillment_status,
        "Source" as source_name,
        "Currency" as currency,
        "Total" as total_amount,
        "Taxes" as tax_amount,
        "Shipping" as shipping_amount,
        "Discount Amount" as discount_amount,
        "Payment Method" as payment_method,
        null as is_test,
        -- The CSV has no time of the last change of an order. Use its latest time, plus a microsecond for each cent refunded (the refunded
        -- amount only grows, but has no time in the CSV), so that of two exports of an order the later one wins.
        strftime(last_known_at + to_microseconds(coalesce(try_cast(try_cast("Refunded Amount" as decimal(13, 2)) * 100 as bigint), 0)), '%Y-%m-%dT%H:%M:%S.%f+00:00')
            as updated_at,
        null as is_deleted,
        null as delivered_at
    from csv_orders

    union all by name

    select
        id as order_id,
        name as record_number,
        coalesce(filled(email), filled(contact_email), as_json(customer) ->> '$.email') as email,
        coalesce(filled(phone), as_json(customer) ->> '$.phone', as_json(billing_address) ->> '$.phone', as_json(shipping_address) ->> '$.phone') as phone,
        as_json(customer) ->> '$.id' as contact_id,
        as_json(company) ->> '$.id' as company_id,
        note_attributes,
        -- processed_at keeps the original date of an imported order
        coalesce(processed_at, created_at) as ordered_at,
        cancelled_at,
        financial_status,
        fulfillment_status,
        source_name,
        currency,
        total_price as total_amount,
        total_tax as tax_amount,
        coalesce(
            as_json(total_shipping_price_set) ->> '$.shop_money.amount',
            cast((
                select sum(try_cast(coalesce(as_json(line) ->> '$.discounted_price', as_json(line) ->> '$.price') as decimal(28, 4)))
                from unnest(json_list(shipping_lines)) as lines (line)
            ) as varchar)
        ) as shipping_amount,
        total_discounts as discount_amount,
        coalesce(array_to_string(try_cast(payment_gateway_names as varchar[]), ' + '), gateway) as payment_method,
        test as is_test,
        updated_at,
        null as is_deleted,
        null as delivered_at
    from orders_json

    union all by name

    select
        "order".id as order_id,
        "order".name as record_number,
        "order".email,
        coalesce(filled("order".phone), filled("order".billing_address_phone), filled("order".shipping_address_phone)) as phone,
        "order".customer_id as contact_id,
        "order".company_id,
        "order".note_attributes,
        utc_time(coalesce(filled("order".processed_at), "order".created_at)) as ordered_at,
        "order".cancelled_at,
        coalesce("order".financial_status, "order".display_financial_status) as financial_status,
        coalesce("order".fulfillment_status, "order".display_fulfillment_status) as fulfillment_status,
        "order".source_name,
        -- always the shop's currency: the presentment amounts are the same sale in the customer's currency
        coalesce(filled("order".total_price_set_shop_currency_code), "order".currency) as currency,
        coalesce(filled("order".total_price_set_shop_amount), "order".total_price) as total_amount,
        coalesce(filled("order".total_tax_set_shop_amount), "order".total_tax) as tax_amount,
        coalesce(
            filled("order".total_shipping_price_set_shop_amount),
            as_json(filled("order".total_shipping_price_set)) ->> '$.shop_money.amount',
            shipping.amount
        ) as shipping_amount,
        coalesce(filled("order".total_discounts_set_shop_amount), "order".total_discounts) as discount_amount,
        array_to_string(try_cast(filled("order".payment_gateway_names) as varchar[]), ' + ') as payment_method,
        "order".test as is_test,
        utc_time("order".updated_at) as updated_at,
        "order"._fivetran_deleted as is_deleted,
        delivery.delivered_at
    from "order"
    left join (
        select order_id, cast(sum(try_cast(coalesce(filled(discounted_price), price) as decimal(28, 4))) as varchar) as amount
        from order_shipping_line
        group by order_id
    ) as shipping on "order".id = shipping.order_id
    left join (
        select order_id, utc_time(max(happened_at)) as delivered_at
        from fulfillment_event
        where lower(status) = 'delivered'
        group by order_id
    ) as delivery on "order".id = delivery.order_id
)

select
    sources.order_id,
    sources.email,
    sources.phone,
    sources.contact_id,
    sources.company_id,
    coalesce(
        google_client_id(sources.note_attributes),
        -- the anonymous_id of the visit that web/events derives from the order
        case when getvariable('visits') in ('yes', 'true') then 'shopify-order-' || sources.order_id end
    ) as anonymous_id,
    sources.ordered_at,
    case
        -- a cancelled order can still have the status paid: check the cancellation first
        when filled(sources.cancelled_at) is not null then 'cancelled'
        when financial_status.ours = 'paid' and lower(sources.fulfillment_status) = 'fulfilled'
            then case when sources.delivered_at is null then 'shipped' else 'completed' end
        else coalesce(financial_status.ours, sources.financial_status)
    end as status,
    -- a number is the id of the app or channel of the order: an online store, unless values/sales_channel.csv maps it otherwise
    coalesce(sales_channel.ours, case when filled(sources.source_name) is not null then 'online_store' end) as sales_channel,
    sources.currency,
    sources.total_amount,
    sources.tax_amount,
    sources.shipping_amount,
    sources.discount_amount,
    sources.payment_method,
    sources.delivered_at,
    sources.is_test,
    sources.updated_at,
    sources.is_deleted,
    -- the number on receipts, by which other systems name the order
    sources.record_number
from sources
left join financial_status on lower(trim(sources.financial_status)) = financial_status.theirs
left join sales_channel on lower(trim(sources.source_name)) = sales_channel.theirs
