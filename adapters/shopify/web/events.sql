with csv_orders as (
    select
        coalesce(exact_id("Id"), "Name") as order_id,
        iso_offset("Created at") as ordered_at,
        "Note Attributes" as note_attributes,
        null as landing_site,
        null as referring_site,
        null as user_agent
    from orders_export
    -- leave out further lines of an order, which have no total
    where filled("Total") is not null
),

of_orders as (
    select * from csv_orders

    union all by name

    select
        id as order_id,
        coalesce(processed_at, created_at) as ordered_at,
        note_attributes,
        landing_site,
        referring_site,
        as_json(client_details) ->> '$.user_agent' as user_agent
    from orders_json

    union all by name

    select
        id as order_id,
        utc_time(coalesce(filled(processed_at), created_at)) as ordered_at,
        note_attributes,
        landing_site_base_url as landing_site,
        referring_site
    from "order"
),

-- cash-on-delivery forms write UTM values into the note attributes: "UTM source: facebook"
tagged as (
    select
        *,
        filled(regexp_extract(note_attributes, '(?i)(?:^|[\n"])utm[ _]source(?:"\s*,\s*"value"\s*:\s*"|: *)([^\n"]*)', 1)) as utm_source,
        filled(regexp_extract(note_attributes, '(?i)(?:^|[\n"])utm[ _]medium(?:"\s*,\s*"value"\s*:\s*"|: *)([^\n"]*)', 1)) as utm_medium,
        filled(regexp_extract(note_attributes, '(?i)(?:^|[\n"])utm[ _]campaign(?:"\s*,\s*"value"\s*:\s*"|: *)([^\n"]*)', 1)) as utm_campaign,
        filled(regexp_extract(note_attributes, '(?i)(?:^|[\n"])utm[ _]content(?:"\s*,\s*"value"\s*:\s*"|: *)([^\n"]*)', 1)) as utm_content,
        filled(regexp_extract(note_attributes, '(?i)(?:^|[\n"])utm[ _]term(?:"\s*,\s*"value"\s*:\s*"|: *)([^\n"]*)', 1)) as utm_term
    from of_orders
)

select
    'order-' || order_id as event_id,
    coalesce(google_client_id(note_attributes), 'shopify-order-' || order_id) as anonymous_id,
    -- the latest possible time: the order does not say when the visit began
    ordered_at as occurred_at,
    'page_view' as event_name,
    filled(landing_site) as page_url,
    filled(referring_site) as referrer_url,
    coalesce(utm_source, url_value(landing_site, 'utm_source')) as utm_source,
    coalesce(utm_medium, url_value(landing_site, 'utm_medium')) as utm_medium,
    coalesce(utm_campaign, url_value(landing_site, 'utm_campaign')) as utm_campaign,
    coalesce(utm_content, url_value(landing_site, 'utm_content')) as utm_content,
    coalesce(utm_term, url_value(landing_site, 'utm_term')) as utm_term,
    user_agent
from tagged
-- only on request: if the website's own tracking is delivered, these visits would be counted twice
where getvariable('visits') in ('yes', 'true')
    and coalesce(filled(landing_site), filled(referring_site), utm_source, utm_medium, utm_campaign) is not null

union all by name

select
    'visit-' || customer_visit.id as event_id,
    'shopify-' || coalesce(filled("order".customer_id), 'order-' || customer_visit.order_id) as anonymous_id,
    utc_time(customer_visit.occurred_at) as occurred_at,
    'page_view' as event_name,
    customer_visit.landing_page as page_url,
    customer_visit.referrer_url,
    coalesce(filled(customer_visit.utm_parameters_source), url_value(customer_visit.landing_page, 'utm_source')) as utm_source,
    coalesce(filled(customer_visit.utm_parameters_medium), url_value(customer_visit.landing_page, 'utm_medium')) as utm_medium,
    coalesce(filled(customer_visit.utm_parameters_campaign), url_value(customer_visit.landing_page, 'utm_campaign')) as utm_campaign,
    coalesce(filled(customer_visit.utm_parameters_content), url_value(customer_visit.landing_page, 'utm_content')) as utm_content,
    coalesce(filled(customer_visit.utm_parameters_term), url_value(customer_visit.landing_page, 'utm_term')) as utm_term
from customer_visit
left join "order" on customer_visit.order_id = "order".id

union all by name

select
    'checkout-' || id as event_id,
    'shopify-' || coalesce(filled(customer_id), 'checkout-' || id) as anonymous_id,
    utc_time(created_at) as occurred_at,
    'checkout_started' as event_name,
    landing_site_base_url as page_url,
    referring_site as referrer_url,
    url_value(landing_site_base_url, 'utm_source') as utm_source,
    url_value(landing_site_base_url, 'utm_medium') as utm_medium,
    url_value(landing_site_base_url, 'utm_campaign') as utm_campaign,
    url_value(landing_site_base_url, 'utm_content') as utm_content,
    url_value(landing_site_base_url, 'utm_term') as utm_term
from abandoned_checkout
