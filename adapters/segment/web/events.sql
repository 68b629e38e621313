-- Pages and tracked events: `tracks` has every event without properties; each event also has its own table, with the same id and its properties.
with every_track as (

    from tracks
    union all by name
    from product_events
    union all by name
    from order_events

),

tracked as (

    -- the copies of one call differ only in their properties
    select
        id,
        max(anonymous_id) as anonymous_id,
        max(event) as event,
        max(timestamp) as timestamp,
        max(received_at) as received_at,
        max(context_page_url) as context_page_url,
        max(context_page_referrer) as context_page_referrer,
        max(context_campaign_source) as context_campaign_source,
        max(context_campaign_medium) as context_campaign_medium,
        max(context_campaign_name) as context_campaign_name,
        max(context_campaign_content) as context_campaign_content,
        max(context_campaign_term) as context_campaign_term,
        max(context_user_agent) as context_user_agent,
        max(product_id) as product_id,
        max(order_id) as order_id
    from every_track
    group by id

)

select
    id as event_id,
    anonymous_id,
    -- `timestamp` is the browser's clock, corrected by Segment; original_timestamp is not corrected
    timestamp as occurred_at,
    'page_view' as event_name,
    url as page_url,
    referrer as referrer_url,
    context_campaign_source as utm_source,
    context_campaign_medium as utm_medium,
    context_campaign_name as utm_campaign,
    context_campaign_content as utm_content,
    context_campaign_term as utm_term,
    null as product_id,
    null as order_id,
    context_user_agent as user_agent,
    received_at as updated_at
from pages
-- leave out calls of servers, which have no browser: a refund at night would start a session
where nullif(anonymous_id, '') is not null
union all
select
    tracked.id,
    tracked.anonymous_id,
    tracked.timestamp,
    coalesce(event_names.ours, tracked.event),
    tracked.context_page_url,
    tracked.context_page_referrer,
    tracked.context_campaign_source,
    tracked.context_campaign_medium,
    tracked.context_campaign_name,
    tracked.context_campaign_content,
    tracked.context_campaign_term,
    tracked.product_id,
    tracked.order_id,
    tracked.context_user_agent,
    tracked.received_at
from tracked
left join event_names on lower(replace(trim(tracked.event), ' ', '_')) = event_names.theirs
where nullif(tracked.anonymous_id, '') is not null
