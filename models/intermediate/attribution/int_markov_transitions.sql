with paths as (

    select * from {{ ref('int_paths') }}

),

steps_to_conversion as (

    select
        conversion_type,
        coalesce(lag(channel) over path, '(start)') as from_state,
        channel as to_state
    from paths
    window path as (partition by conversion_number order by touch_number)
    union all
    select
        conversion_type,
        channel as from_state,
        '(conversion)' as to_state
    from paths
    where touch_number = path_length

),

{# transitions as if no path converted, counted once for all conversion types; a gap longer than the lookback ends a path #}
touches as (

    select
        unit_key,
        touched_at,
        touched_before_at,
        channel,
        case
            when touched_before_at is null then '(start)'
            when touched_at > {{ add_days('touched_before_at', setting('attribution_lookback_days')) }} then '(start)'
            else channel_before
        end as from_state,
        coalesce(touched_next_at > {{ add_days('touched_at', setting('attribution_lookback_days')) }}, true) as is_last
    from {{ ref('int_attributable_touchpoints') }}

),

idle_steps as (

    select
        from_state,
        channel as to_state,
        count(*) as transitions
    from touches
    group by from_state, channel
    union all
    select
        channel as from_state,
        '(null)' as to_state,
        count(*) as transitions
    from touches
    where is_last
    group by channel

),

last_conversions as (

    select
        unit_key,
        conversion_type,
        max(converted_at) as converted_at
    from (
        select
            {{ attribution_unit(key_of('person_id'), 'company_id') }} as unit_key,
            conversion_type,
            converted_at
        from {{ ref('fct_conversions') }}
    ) as conversions
    group by unit_key, conversion_type

),

conversion_types as (

    select distinct conversion_type from last_conversions

),

{#
    corrections per conversion type: the touches up to a person's last conversion belong to converting paths, so their transitions are
    subtracted, and the first touch after it starts a new path
#}
touches_changed as (

    select
        last_conversions.conversion_type,
        touches.channel,
        touches.from_state,
        touches.is_last,
        touches.touched_at > last_conversions.converted_at as is_idle
    from touches
    inner join last_conversions on touches.unit_key = last_conversions.unit_key
    where
        touches.touched_at <= last_conversions.converted_at
        or touches.touched_before_at <= last_conversions.converted_at

),

steps as (

    select
        conversion_type,
        from_state,
        to_state,
        count(*) as transitions
    from steps_to_conversion
    group by conversion_type, from_state, to_state
    union all
    select
        conversion_types.conversion_type,
        idle_steps.from_state,
        idle_steps.to_state,
        idle_steps.transitions
    from idle_steps
    cross join conversion_types
    union all
    select
        conversion_type,
        from_state,
        channel as to_state,
        -count(*) as transitions
    from touches_changed
    group by conversion_type, from_state, channel
    union all
    select
        conversion_type,
        '(start)' as from_state,
        channel as to_state,
        count(*) as transitions
    from touches_changed
    where is_idle
    group by conversion_type, channel
    union all
    select
        conversion_type,
        channel as from_state,
        '(null)' as to_state,
        -count(*) as transitions
    from touches_changed
    where is_last and not is_idle
    group by conversion_type, channel

),

counted as (

    select
        conversion_type,
        from_state,
        to_state,
        sum(transitions) as transitions
    from steps
    group by conversion_type, from_state, to_state
    having sum(transitions) > 0

)

select
    conversion_type,
    from_state,
    to_state,
    cast(transitions as bigint) as transitions,
    {# repeated touches of one channel do not change where a path ends #}
    case
        when from_state = to_state then cast(0 as double)
        else
            cast(transitions as double)
            / sum(case when from_state <> to_state then transitions end) over (partition by conversion_type, from_state)
    end as probability
from counted
