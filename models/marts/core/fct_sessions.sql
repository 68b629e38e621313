{%- set labels = {'channel': 'channel'} -%}

with ordering_sessions as (

    select distinct session_id
    from {{ ref('fct_orders') }}
    where session_id is not null

),

sessions as (

    select
        sessions.*,
        {# the web tracking of a shop may send no purchase events #}
        sessions.has_order or ordering_sessions.session_id is not null as is_ordering
    from {{ shown_texts(ref('int_session_persons'), 'web.events', ['device_type']) }} as sessions
    left join ordering_sessions on sessions.session_id = ordering_sessions.session_id

)

select
    sessions.session_id,
    persons.person_id,
    sessions.started_at,
    {{ reporting_date('sessions.started_at') }} as started_date,
    sessions.ended_at,
    sessions.channel,
    {{ label_columns(labels, 'sessions') }},
    sessions.source,
    sessions.medium,
    sessions.campaign,
    sessions.channel_rule,
    coalesce(sessions.device_type_shown, 'unknown') as device_type,
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
    sessions.is_ordering as has_order,
    sessions.is_human and sessions.has_cart and not sessions.is_ordering as is_cart_abandoned,
    sessions.is_human and sessions.has_checkout and not sessions.is_ordering as is_checkout_abandoned,
    sessions.is_human and sessions.has_form_started and not sessions.has_form_submitted as is_form_abandoned
from {{ with_labels('sessions', labels) }} as sessions
inner join {{ ref('int_persons') }} as persons on sessions.person_key = persons.person_key
{{ in_order_of('sessions.person_key, sessions.started_at, sessions.session_key') }}
