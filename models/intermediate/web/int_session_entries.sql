with session_events as (

    select * from {{ ref('int_session_events') }}

),

sessions as (

    select
        anonymous_id,
        session_number,
        max(case when is_first then event_id end) as first_event_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as event_count,
        count(*) filter (where event_name in ('page_view', 'product_view')) as page_view_count,
        count(*) filter (where event_name = 'product_view') as product_view_count,
        count(*) filter (where event_name = 'search') as search_count,
        count(*) filter (where event_name = 'form_error') as form_error_count,
        count(*) filter (where is_slow) as slow_page_count,
        coalesce(sum(engagement_ms), 0) as engagement_ms,
        min(case when event_name = 'add_to_cart' then occurred_at end) as carted_at,
        bool_or(event_name = 'form_started') as has_form_started,
        bool_or(event_name = 'form_submitted') as has_form_submitted,
        bool_or(event_name = 'add_to_cart') as has_cart,
        bool_or(event_name = 'checkout_started') as has_checkout,
        bool_or(event_name = 'purchase') as has_order
    from session_events
    group by anonymous_id, session_number

)

select
    sessions.*,
    events.device_type,
    coalesce({{ regex_like(lower_case('events.user_agent'), "'" ~ setting('bot_user_agents') ~ "'") }}, false) as is_bot,
    coalesce({{ seconds_between('sessions.started_at', 'sessions.ended_at') }} > 3600 * {{ setting('session_max_hours') }}, false)
        as is_endless,
    events.page_url is not null as has_landing_page,
    {{ url_parameters('events.page_url') }} as page_parameters,
    {{ url_host('events.page_url') }} as page_host,
    {{ url_host('events.referrer_url') }} as referrer_host,
    {{ lower_case('coalesce(events.utm_source, ' ~ masked(url_parameter('events.page_url', 'utm_source')) ~ ')') }} as utm_source,
    {{ lower_case('coalesce(events.utm_medium, ' ~ masked(url_parameter('events.page_url', 'utm_medium')) ~ ')') }} as utm_medium,
    coalesce(events.utm_campaign, {{ masked(url_parameter('events.page_url', 'utm_campaign')) }}) as utm_campaign
from sessions
inner join {{ accepted('web', 'events') }} as events on sessions.first_event_id = events.event_id
