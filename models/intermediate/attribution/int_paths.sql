with conversions as (

    select
        *,
        {{ attribution_unit(key_of('person_id'), 'company_id') }} as unit_key,
        {# numbered within each day, because a window over all conversions would run in a single task #}
        {{ days_between("date '1970-01-01'", 'converted_date') }} * cast(4294967296 as bigint)
        + row_number() over (partition by converted_date order by conversion_id) as conversion_number
    from {{ ref('fct_conversions') }}

),

touchpoints as (

    select * from {{ ref('int_attributable_touchpoints') }}

),

moments as (

    select
        unit_key,
        conversion_type,
        converted_at,
        lag(converted_at) over (partition by unit_key, conversion_type order by converted_at) as converted_before_at
    from (select distinct unit_key, conversion_type, converted_at from conversions) as distinct_moments

),

windows as (

    select
        conversions.conversion_number,
        conversions.conversion_id,
        conversions.conversion_type,
        conversions.unit_key,
        conversions.converted_at,
        greatest(
            coalesce({{ path_restart('moments.converted_before_at') }}, timestamp '1900-01-01 00:00:00'),
            {{ add_days('conversions.converted_at', '-' ~ setting('attribution_lookback_days')) }}
        ) as opened_after
    from conversions
    inner join moments
        on conversions.unit_key = moments.unit_key
        and conversions.conversion_type = moments.conversion_type
        and conversions.converted_at = moments.converted_at
    where conversions.unit_key <> 0

)

select
    windows.conversion_number,
    windows.conversion_id,
    windows.conversion_type,
    windows.converted_at,
    touchpoints.touchpoint_id,
    touchpoints.touched_at,
    touchpoints.channel,
    touchpoints.campaign,
    row_number() over (partition by windows.conversion_number order by touchpoints.unit_touch_number) as touch_number,
    count(*) over (partition by windows.conversion_number) as path_length,
    row_number() over (partition by windows.conversion_number order by touchpoints.touchpoint_key) as tie_breaker
from windows
inner join touchpoints
    on windows.unit_key = touchpoints.unit_key
    and touchpoints.touched_at > windows.opened_after
    and touchpoints.touched_at <= windows.converted_at
