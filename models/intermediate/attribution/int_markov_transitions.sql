with paths as (

    select * from {{ ref('int_paths') }}

),

steps_to_conversion as (

    select
        conversion_type,
        coalesce(lag(channel) over path, '(start)') as from_state,
        channel as to_state
    from paths
    window path as (partition by conversion_id order by touch_number)
    union all
    select
        conversion_type,
        channel as from_state,
        '(conversion)' as to_state
    from paths
    where touch_number = path_length

),

touches as (

    select
        unit_id,
        touched_at,
        channel,
        lag(touched_at) over unit as touched_before_at,
        lag(channel) over unit as channel_before,
        lead(touched_at) over unit as touched_next_at
    from {{ ref('int_attributable_touchpoints') }}
    window unit as (partition by unit_id order by touched_at, touchpoint_id)

),

conversion_types as (

    select distinct conversion_type
    from {{ ref('fct_conversions') }}

),

last_conversions as (

    select
        unit_id,
        conversion_type,
        max(converted_at) as converted_at
    from (
        select
            {{ attribution_unit('person_id', 'company_id') }} as unit_id,
            conversion_type,
            converted_at
        from {{ ref('fct_conversions') }}
    ) as conversions
    group by unit_id, conversion_type

),

{# what came after the last conversion led to none yet; a pause beyond the lookback ends a path #}
idle_touches as (

    select
        conversion_types.conversion_type,
        touches.channel,
        case
            when touches.touched_before_at is null then '(start)'
            when touches.touched_before_at <= last_conversions.converted_at then '(start)'
            when touches.touched_at > {{ add_days('touches.touched_before_at', setting('attribution_lookback_days')) }} then '(start)'
            else touches.channel_before
        end as from_state,
        coalesce(touches.touched_next_at > {{ add_days('touches.touched_at', setting('attribution_lookback_days')) }}, true) as is_last
    from touches
    cross join conversion_types
    left join last_conversions
        on touches.unit_id = last_conversions.unit_id
        and conversion_types.conversion_type = last_conversions.conversion_type
    where last_conversions.converted_at is null or touches.touched_at > last_conversions.converted_at

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
        conversion_type,
        from_state,
        channel as to_state,
        count(*) as transitions
    from idle_touches
    group by conversion_type, from_state, channel
    union all
    select
        conversion_type,
        channel as from_state,
        '(null)' as to_state,
        count(*) as transitions
    from idle_touches
    where is_last
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

)

select
    conversion_type,
    from_state,
    to_state,
    cast(transitions as bigint) as transitions,
    {# staying in a channel changes nothing of where a path ends #}
    case
        when from_state = to_state then cast(0 as double)
        else
            cast(transitions as double)
            / sum(case when from_state <> to_state then transitions end) over (partition by conversion_type, from_state)
    end as probability
from counted
