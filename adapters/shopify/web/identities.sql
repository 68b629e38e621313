-- One row per browser id that web/events derives from a customer's visit or checkout.
select distinct
    'shopify-' || "order".customer_id as anonymous_id,
    'contact_id' as identifier_type,
    "order".customer_id as identifier_value,
    utc_time(customer_visit.occurred_at) as identified_at
from customer_visit
inner join "order" on customer_visit.order_id = "order".id
where filled("order".customer_id) is not null

union

select
    'shopify-' || customer_id as anonymous_id,
    'contact_id' as identifier_type,
    customer_id as identifier_value,
    utc_time(created_at) as identified_at
from abandoned_checkout
where filled(customer_id) is not null

union

select
    'shopify-' || coalesce(filled(customer_id), 'checkout-' || id) as anonymous_id,
    'email' as identifier_type,
    email as identifier_value,
    utc_time(created_at) as identified_at
from abandoned_checkout
where filled(email) is not null
