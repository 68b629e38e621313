with sources as (
    select
        id as order_id,
        as_json(billing) ->> '$.email' as email,
        as_json(billing) ->> '$.phone' as phone,
        customer_id,
        coalesce(utc_time(filled(date_created_gmt)), local_time(date_created, 'WooCommerce')) as ordered_at,
        status,
        currency,
        total as total_amount,
        total_tax as tax_amount,
        shipping_total as shipping_amount,
        discount_total as discount_amount,
        coalesce(filled(payment_method), payment_method_title) as payment_method,
        coalesce(utc_time(filled(date_modified_gmt)), local_time(date_modified, 'WooCommerce')) as updated_at
    from orders_json
    -- leave out refunds, and the parts into which some plugins split an order: their amounts are included in the parent order
    where coalesce(filled(parent_id), '0') = '0' and coalesce(type, '') <> 'shop_order_refund'

    union all by name

    select
        order_id,
        billing_email as email,
        billing_phone as phone,
        customer_id,
        local_time(coalesce(filled(date), order_date), 'WooCommerce''s CSV') as ordered_at,
        status,
        coalesce(filled(currency), order_currency) as currency,
        order_total as total_amount,
        tax_total as tax_amount,
        shipping_total as shipping_amount,
        discount_total as discount_amount,
        payment_method,
        null as updated_at
    from orders_export
)

select
    sources.order_id,
    sources.email,
    sources.phone,
    -- 0 stands for every guest: as a contact_id it would merge all guests into one person
    nullif(filled(sources.customer_id), '0') as contact_id,
    sources.ordered_at,
    coalesce(order_status.ours, sources.status) as status,
    'online_store' as sales_channel,
    sources.currency,
    sources.total_amount,
    sources.tax_amount,
    sources.shipping_amount,
    sources.discount_amount,
    sources.payment_method,
    sources.updated_at,
    case when regexp_replace(lower(trim(sources.status)), '^wc-', '') = 'trash' then 'true' end as is_deleted
from sources
-- WordPress prefixes statuses with wc-, as in wc-processing
left join order_status on regexp_replace(lower(trim(sources.status)), '^wc-', '') = order_status.theirs
