with conversions as (

    select * from {{ ref('fct_conversions') }}
    where person_id <> 'unknown'

),

moments as (

    select
        person_id,
        conversion_type,
        converted_at,
        lag(converted_at) over (partition by person_id, conversion_type order by converted_at) as converted_before_at
    from (select distinct person_id, conversion_type, converted_at from conversions) as distinct_moments

),

windows as (

    select
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.person_id,
        conversions.converted_at,
        greatest(
            coalesce(moments.converted_before_at, timestamp '1900-01-01 00:00:00'),
            {{ add_days('conversions.converted_at', '-' ~ setting('attribution_lookback_days')) }}
        ) as opened_after
    from conversions
    inner join moments
        on conversions.person_id = moments.person_id
        and conversions.conversion_type = moments.conversion_type
        and conversions.converted_at = moments.converted_at

)

select
    windows.conversion_id,
    windows.conversion_type,
    windows.converted_at,
    touchpoints.touchpoint_id,
    touchpoints.touched_at,
    touchpoints.channel,
    touchpoints.campaign,
    row_number() over (
        partition by windows.conversion_id
        order by touchpoints.touched_at, touchpoints.touchpoint_id
    ) as touch_number,
    count(*) over (partition by windows.conversion_id) as path_length
from windows
inner join {{ ref('int_touchpoints') }} as touchpoints
    on windows.person_id = touchpoints.person_id
    and touchpoints.touched_at > windows.opened_after
    and touchpoints.touched_at <= windows.converted_at
where touchpoints.is_attributable
