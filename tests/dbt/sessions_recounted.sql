-- Recounts engaged sessions from their events: ten seconds, two pages, or a cart, checkout or purchase. Another threshold would move the
-- bounce rate of every channel.
with events as (

    select
        session_events.anonymous_id,
        session_events.session_number,
        sum(coalesce(events.engagement_ms, 0)) as engagement_ms,
        count(*) filter (where events.event_name in ('page_view', 'product_view')) as pages,
        count(*) filter (where events.event_name in ('add_to_cart', 'checkout_started', 'purchase')) as key_events
    from {{ ref('int_session_events') }} as session_events
    inner join {{ accepted('web', 'events') }} as events on session_events.event_id = events.event_id
    group by session_events.anonymous_id, session_events.session_number

)

select facts.session_id
from {{ ref('fct_sessions') }} as facts
inner join {{ ref('int_sessions') }} as sessions on facts.session_id = sessions.session_id
left join events
    on sessions.anonymous_id = events.anonymous_id
    and sessions.session_number = events.session_number
where
    facts.is_bounce is not distinct from facts.is_engaged
    or facts.is_engaged is distinct from (
        coalesce(events.engagement_ms, 0) >= 10000 or coalesce(events.pages, 0) > 1 or coalesce(events.key_events, 0) > 0
    )
    or facts.page_view_count is distinct from coalesce(events.pages, 0)
