with invoices as (
    select
        id as invoice_id,
        coalesce(filled(id_of(subscription)), as_json(parent) ->> '$.subscription_details.subscription') as subscription_id,
        coalesce(filled(tax), cast((
            select sum(try_cast(as_json(amounts.amount) ->> '$.amount' as bigint))
            from unnest(json_list(coalesce(total_taxes, total_tax_amounts))) as amounts (amount)
        ) as varchar)) as tax
    from invoices_json

    union all

    select id as invoice_id, subscription_id, tax
    from invoice
),

sources as (
    select
        id as order_id,
        "Customer Email" as email,
        "Customer Phone" as phone,
        "Customer ID" as contact_id,
        null as invoice_id,
        utc_time(coalesce(filled("Created date (UTC)"), "Created (UTC)")) as ordered_at,
        "Status" as status,
        "Captured" as captured,
        null as refunded,
        upper("Currency") as currency,
        -- amounts of the CSV are in major units; `Currency` is the currency of `Amount`, not of `Converted Amount`
        "Amount" as total_amount,
        "Payment Source Type" as payment_method,
        case when lower("Mode") = 'test' then 'true' when filled("Mode") is not null then 'false' end as is_test,
        utc_time("Refunded date (UTC)") as updated_at
    from payments_export

    union all by name

    select
        id as order_id,
        coalesce(filled(as_json(billing_details) ->> '$.email'), receipt_email) as email,
        as_json(billing_details) ->> '$.phone' as phone,
        id_of(customer) as contact_id,
        id_of(invoice) as invoice_id,
        epoch_time(created) as ordered_at,
        status,
        captured,
        refunded,
        upper(currency) as currency,
        minor_units(amount, currency) as total_amount,
        as_json(payment_method_details) ->> '$.type' as payment_method,
        case when lower(livemode) = 'false' then 'true' else 'false' end as is_test,
        null as updated_at
    from charges_json

    union all by name

    select
        id as order_id,
        receipt_email as email,
        shipping_phone as phone,
        customer_id as contact_id,
        invoice_id,
        utc_time(created) as ordered_at,
        status,
        captured,
        refunded,
        upper(currency) as currency,
        minor_units(amount, currency) as total_amount,
        null as payment_method,
        case when lower(livemode) = 'false' then 'true' else 'false' end as is_test,
        utc_time(_fivetran_synced) as updated_at
    from charge
)

select
    sources.order_id,
    sources.email,
    sources.phone,
    sources.contact_id,
    invoices.subscription_id,
    sources.ordered_at,
    case
        when lower(sources.refunded) = 'true' then 'returned'
        -- an authorized payment that is not captured is not yet revenue
        when payment_status.ours = 'paid' and lower(sources.captured) = 'false' then 'pending'
        else coalesce(payment_status.ours, sources.status)
    end as status,
    'online_store' as sales_channel,
    sources.currency,
    sources.total_amount,
    minor_units(invoices.tax, sources.currency) as tax_amount,
    sources.payment_method,
    sources.is_test,
    sources.updated_at
from sources
left join invoices on sources.invoice_id = invoices.invoice_id
left join payment_status on lower(trim(sources.status)) = payment_status.theirs
where coalesce(getvariable('orders'), '') <> 'leave_out'
