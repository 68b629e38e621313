with exposures as (

    select
        exposures.*,
        bool_or(coalesce(exposures.is_control, false)) over (
            partition by exposures.experiment, exposures.variant
        ) as is_control_variant,
        {{ person_id_of(['anonymous_id']) }} as person_id
    from {{ accepted('web', 'experiment_exposures') }} as exposures
    {{ join_persons('exposures', ['anonymous_id'], 'exposed_at') }}

),

numbered as (

    select
        *,
        count(*) over (partition by experiment, variant, person_id) as exposure_count,
        row_number() over (
            partition by experiment, variant, person_id
            order by exposed_at, anonymous_id
        ) as exposure_number
    from exposures

),

first_exposures as (

    select
        *,
        count(*) over (partition by experiment, person_id) > 1 as is_in_several_variants
    from numbered
    where exposure_number = 1

),

{# the last session of the cookie that was under way #}
in_sessions as (

    select
        first_exposures.*,
        sessions.session_id,
        row_number() over (
            partition by first_exposures.experiment, first_exposures.variant, first_exposures.person_id
            order by sessions.started_at desc, sessions.session_id
        ) as session_choice
    from first_exposures
    left join {{ ref('int_session_persons') }} as sessions
        on first_exposures.anonymous_id = sessions.anonymous_id
        and sessions.started_at <= first_exposures.exposed_at
        and first_exposures.exposed_at <= {{ add_minutes('sessions.ended_at', setting('session_timeout_minutes')) }}

)

select
    {{ keyed_hash(["'exposure'", 'experiment', 'variant', 'person_id']) }} as exposure_id,
    experiment,
    variant,
    is_control_variant as is_control,
    person_id,
    session_id,
    exposed_at,
    {{ reporting_date('exposed_at') }} as exposed_date,
    exposure_count,
    is_in_several_variants
from in_sessions
where session_choice = 1
