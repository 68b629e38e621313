with sessions as (

    select * from {{ ref('int_session_persons') }}
    where is_human

),

types as (

    select * from {{ ref('touchpoint_types') }}

),

web as (

    select
        session_id as touchpoint_id,
        session_key as touchpoint_key,
        person_key,
        started_at as touched_at,
        'web_session' as touchpoint_type,
        channel,
        campaign,
        session_id,
        'inbound' as direction
    from sessions

),

events_with_channel as (

    select
        {{ keyed_hash(["'touchpoint'", 'events.source_table', 'events.source_id', 'events.event_type']) }} as touchpoint_id,
        events.person_key,
        events.occurred_at as touched_at,
        types.touchpoint_type,
        coalesce(channels.channel, aliases.channel, types.default_channel) as channel,
        coalesce(events.campaign, '(none)') as campaign,
        cast(null as string) as session_id,
        case when events.direction in ('inbound', 'outbound') then events.direction else types.default_direction end as direction
    from {{ ref('int_person_events') }} as events
    inner join types on events.event_type = types.touchpoint_type
    left join {{ ref('channels') }} as channels on events.channel = channels.channel
    left join {{ ref('channel_aliases') }} as aliases on events.channel = aliases.channel_alias

),

events as (

    select
        touchpoint_id,
        {{ key_of('touchpoint_id') }} as touchpoint_key,
        person_key,
        touched_at,
        touchpoint_type,
        channel,
        campaign,
        session_id,
        direction
    from events_with_channel

),

{# e-mail clicks that led to a session: only the session counts as a touchpoint #}
clicks_with_session as (

    select distinct events.touchpoint_key
    from events
    inner join web
        on events.person_key = web.person_key
        and events.channel = web.channel
        and web.touched_at >= events.touched_at
        and web.touched_at <= {{ add_minutes('events.touched_at', setting('session_timeout_minutes')) }}
    where events.touchpoint_type = 'email_clicked'

),

touchpoints as (

    select * from web
    union all
    select events.*
    from events
    left join clicks_with_session on events.touchpoint_key = clicks_with_session.touchpoint_key
    where clicks_with_session.touchpoint_key is null

)

select
    touchpoints.touchpoint_id,
    touchpoints.touchpoint_key,
    touchpoints.person_key,
    touchpoints.touched_at,
    touchpoints.touchpoint_type,
    touchpoints.channel,
    touchpoints.campaign,
    touchpoints.session_id,
    touchpoints.direction,
    types.is_online,
    (
        touchpoints.person_key <> 0
        and case when touchpoints.direction = 'outbound' then types.is_attributable_outbound else types.is_attributable_inbound end
    ) as is_attributable
from touchpoints
inner join types on touchpoints.touchpoint_type = types.touchpoint_type
