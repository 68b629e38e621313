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
        coalesce(sum(engagement_ms), 0) as engagement_ms,
        min(case when event_name = 'add_to_cart' then occurred_at end) as carted_at,
        bool_or(event_name = 'form_started') as has_form_started,
        bool_or(event_name = 'form_submitted') as has_form_submitted,
        bool_or(event_name = 'add_to_cart') as has_cart,
        bool_or(event_name = 'checkout_started') as has_checkout,
        bool_or(event_name = 'purchase') as has_order
    from session_events
    group by anonymous_id, session_number

),

{# all events with the timestamp of the session's first event: several if, for example, both server and page report the same visit #}
openings as (

    select
        sessions.first_event_id,
        session_events.event_id
    from sessions
    inner join session_events
        on sessions.anonymous_id = session_events.anonymous_id
        and sessions.session_number = session_events.session_number
        and sessions.started_at = session_events.occurred_at
    where session_events.is_first or session_events.is_tied

),

opening_events as (

    select
        openings.first_event_id,
        openings.event_id as opening_event_id,
        events.device_type,
        events.page_url,
        {# the part of the URL that may hold UTM tags: without its fragment if the tracker already filled a UTM column #}
        case
            when coalesce(events.utm_source, events.utm_medium, events.utm_campaign) is null then {{ tagged_part('events.page_url') }}
            else split_part(events.page_url, '#', 1)
        end as tagged_part,
        {{ url_host('events.page_url') }} as page_host,
        {# masked, because the host of a fake referrer may be a phone number #}
        {{ masked(url_host('events.referrer_url')) }} as referrer_host,
        events.utm_source,
        events.utm_medium,
        events.utm_campaign,
        coalesce({{ is_bot_agent('events.user_agent') }}, false) as is_bot
    from openings
    inner join {{ accepted('web', 'events') }} as events on openings.event_id = events.event_id

),

url_tags as (

    select
        *,
        {{ url_parameter('tagged_part', 'utm_source') }} as found_source,
        {{ url_parameter('tagged_part', 'utm_medium') }} as found_medium,
        {{ url_parameter('tagged_part', 'utm_campaign') }} as found_campaign
    from opening_events

),

decoded as (

    select
        *,
        {{ percent_decoded('found_source') }} as decoded_source,
        {{ percent_decoded('found_medium') }} as decoded_medium,
        {{ percent_decoded('found_campaign') }} as decoded_campaign
    from url_tags

),

read_tags as (

    select
        *,
        coalesce(utm_source, {{ url_tag('decoded_source') }}) as read_source,
        coalesce(utm_medium, {{ url_tag('decoded_medium') }}) as read_medium,
        coalesce(utm_campaign, {{ url_tag('decoded_campaign') }}) as read_campaign
    from decoded

),

tagged as (

    select
        *,
        {{ filled_tag('read_source') }} as source_tag,
        {{ filled_tag('read_medium') }} as medium_tag,
        {{ filled_tag('read_campaign') }} as campaign_tag
    from read_tags

)

select
    sessions.*,
    tagged.opening_event_id,
    tagged.device_type,
    tagged.is_bot,
    coalesce({{ seconds_between('sessions.started_at', 'sessions.ended_at') }} > 3600 * {{ setting('session_max_hours') }}, false)
        as is_endless,
    tagged.page_url is not null as has_landing_page,
    {{ url_parameters('tagged.page_url') }} as page_parameters,
    tagged.referrer_host,
    (
        coalesce(tagged.referrer_host = tagged.page_host, false)
        or coalesce({{ registered_domain('tagged.referrer_host') }} = nullif({{ registered_domain('tagged.page_host') }}, ''), false)
    ) as is_own_referrer,
    tagged.source_tag,
    tagged.medium_tag,
    tagged.campaign_tag,
    {{ lower_case('tagged.source_tag') }} as utm_source,
    {{ lower_case('tagged.medium_tag') }} as utm_medium,
    {{ lower_case('tagged.campaign_tag') }} as utm_campaign
from sessions
inner join tagged on sessions.first_event_id = tagged.first_event_id
