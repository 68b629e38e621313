{# a cookie all of whose sessions are a bot's #}
with bot_cookies as (

    select anonymous_id
    from {{ ref('int_sessions') }}
    group by anonymous_id
    having bool_and(is_bot)

),

exposures as (

    select
        exposures.*,
        bot_cookies.anonymous_id is not null as is_bot,
        bool_or(coalesce(exposures.is_control, false)) over (
            partition by exposures.experiment, exposures.variant
        ) as is_control_variant,
        {{ person_key_of(['anonymous_id']) }} as person_key
    from {{ accepted('web', 'experiment_exposures') }} as exposures
    {{ join_persons('exposures', ['anonymous_id'], 'exposed_at') }}
    left join bot_cookies on exposures.anonymous_id = bot_cookies.anonymous_id

),

numbered as (

    select
        *,
        count(*) over (partition by experiment, variant, person_key) as exposure_count,
        row_number() over (
            partition by experiment, variant, person_key
            order by is_bot, exposed_at, anonymous_id
        ) as exposure_number
    from exposures

),

first_exposures as (

    select
        *,
        {# counted per is_bot, so that exposures of bots do not make a person see several variants #}
        count(*) over (partition by experiment, person_key, is_bot) > 1 as is_in_several_variants
    from numbered
    where exposure_number = 1

),

{# the latest session of the cookie that was open at the time of the exposure #}
in_sessions as (

    select
        first_exposures.*,
        sessions.session_id,
        row_number() over (
            partition by first_exposures.experiment, first_exposures.variant, first_exposures.person_key
            order by sessions.started_at desc, sessions.session_key
        ) as session_choice
    from first_exposures
    left join {{ ref('int_session_persons') }} as sessions
        on first_exposures.anonymous_id = sessions.anonymous_id
        and sessions.started_at <= first_exposures.exposed_at
        and first_exposures.exposed_at <= {{ add_minutes('sessions.ended_at', setting('session_timeout_minutes')) }}

)

select
    {{ keyed_hash(["'exposure'", 'in_sessions.experiment', 'in_sessions.variant', 'persons.person_id']) }} as exposure_id,
    in_sessions.experiment,
    in_sessions.variant,
    in_sessions.is_control_variant as is_control,
    persons.person_id,
    in_sessions.session_id,
    in_sessions.exposed_at,
    {{ reporting_date('in_sessions.exposed_at') }} as exposed_date,
    in_sessions.exposure_count,
    in_sessions.is_in_several_variants,
    in_sessions.is_bot
from in_sessions
inner join {{ ref('int_persons') }} as persons on in_sessions.person_key = persons.person_key
where in_sessions.session_choice = 1
