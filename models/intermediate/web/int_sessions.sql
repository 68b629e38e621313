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
        bool_or(event_name = 'add_to_cart') as has_cart,
        bool_or(event_name = 'checkout_started') as has_checkout,
        bool_or(event_name = 'purchase') as has_order
    from session_events
    group by anonymous_id, session_number

),

entries as (

    select
        sessions.*,
        events.device_type,
        coalesce({{ regex_like(lower_case('events.user_agent'), "'" ~ setting('bot_user_agents') ~ "'") }}, false) as is_bot,
        {{ lower_case('coalesce(events.utm_source, ' ~ masked(url_parameter('events.page_url', 'utm_source')) ~ ')') }} as utm_source,
        {{ lower_case('coalesce(events.utm_medium, ' ~ masked(url_parameter('events.page_url', 'utm_medium')) ~ ')') }} as utm_medium,
        coalesce(events.utm_campaign, {{ masked(url_parameter('events.page_url', 'utm_campaign')) }}) as utm_campaign,
        nullif(regexp_extract(events.page_url, '[?&](gclid|gbraid|wbraid|msclkid|fbclid|ttclid)=', 1), '') as click_id,
        nullif(regexp_extract({{ lower_case('events.referrer_url') }}, '^[a-z]+://(www[.]|m[.]|l[.])?([^/:?#@]+)', 2), '')
            as referrer_domain
    from sessions
    inner join {{ accepted('web', 'events') }} as events on sessions.first_event_id = events.event_id

),

with_sources as (

    select
        entries.*,
        {# a visitor who comes back from a page of the own site, or from paying, was not brought by it #}
        coalesce(entries.utm_source, click_ids.source, case when excluded.domain is null then entries.referrer_domain end, '(direct)')
            as source,
        coalesce(
            entries.utm_medium,
            case when entries.utm_source is null then click_ids.medium end,
            case
                when entries.utm_source is null and entries.referrer_domain is not null and excluded.domain is null then 'referral'
            end,
            '(none)'
        ) as medium,
        coalesce(entries.utm_campaign, '(none)') as campaign
    from entries
    left join {{ ref('click_ids') }} as click_ids on entries.click_id = click_ids.click_id
    left join {{ ref('referral_exclusions') }} as excluded
        on entries.referrer_domain = excluded.domain or entries.referrer_domain like '%.' || excluded.domain

),

{# the rules judge each combination once, however many sessions show it #}
origins as (

    select distinct
        source,
        medium,
        campaign
    from with_sources

),

judged as (

    {{ origin_channels('origins') }}

)

select
    {{ keyed_hash(["'session'", 'with_sources.anonymous_id', 'with_sources.first_event_id']) }} as session_id,
    with_sources.anonymous_id,
    with_sources.session_number,
    with_sources.started_at,
    with_sources.ended_at,
    judged.channel,
    with_sources.source,
    with_sources.medium,
    with_sources.campaign,
    judged.rule_id as channel_rule,
    with_sources.device_type,
    with_sources.event_count,
    with_sources.page_view_count,
    with_sources.product_view_count,
    with_sources.search_count,
    with_sources.form_error_count,
    with_sources.slow_page_count,
    {# GA4's engaged session: 10 seconds of engagement, two pages or a key event #}
    (
        with_sources.engagement_ms >= 10000
        or with_sources.page_view_count >= 2
        or with_sources.has_cart
        or with_sources.has_checkout
        or with_sources.has_order
    ) as is_engaged,
    with_sources.is_bot,
    with_sources.carted_at,
    with_sources.has_cart,
    with_sources.has_checkout,
    with_sources.has_order
from with_sources
inner join judged
    on with_sources.source = judged.source
    and with_sources.medium = judged.medium
    and with_sources.campaign = judged.campaign
