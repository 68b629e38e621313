select
    sessions.session_id,
    persons.person_id,
    sessions.started_at,
    {{ reporting_date('sessions.started_at') }} as started_date,
    sessions.ended_at,
    sessions.channel,
    sessions.source,
    sessions.medium,
    sessions.campaign,
    sessions.channel_rule,
    coalesce(sessions.device_type, 'unknown') as device_type,
    sessions.event_count,
    sessions.page_view_count,
    sessions.is_engaged,
    not sessions.is_engaged as is_bounce,
    sessions.is_bot,
    sessions.is_endless,
    sessions.has_landing_page,
    sessions.has_form_started,
    sessions.has_form_submitted,
    sessions.form_error_count > 0 as has_form_error,
    sessions.has_cart,
    sessions.has_checkout,
    sessions.has_order
from {{ ref('int_session_persons') }} as sessions
inner join {{ ref('int_persons') }} as persons on sessions.person_key = persons.person_key
{{ in_order_of('sessions.person_key, sessions.started_at, sessions.session_key') }}
