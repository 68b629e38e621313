with paths as (

    select * from {{ ref('int_paths') }}

),

conversions as (

    select
        conversion_id,
        conversion_type,
        converted_at,
        {{ attribution_unit('person_id', 'company_id') }} as unit_id
    from {{ ref('fct_conversions') }}

),

turns as (

    select
        unit_id,
        min(case when conversion_type = 'lead' then converted_at end) as lead_at,
        min(case when conversion_type = 'opportunity' then converted_at end) as opportunity_at
    from conversions
    where conversion_type in ('lead', 'opportunity')
    group by unit_id

),

with_turns as (

    select
        paths.conversion_id,
        paths.touchpoint_id,
        paths.touch_number,
        {# a turn after the conversion is no part of the way to it #}
        max(case when turns.lead_at <= paths.converted_at and paths.touched_at <= turns.lead_at then paths.touch_number end)
            over (partition by paths.conversion_id) as lead_touch_number,
        max(case when turns.opportunity_at <= paths.converted_at and paths.touched_at <= turns.opportunity_at then paths.touch_number end)
            over (partition by paths.conversion_id) as opportunity_touch_number
    from paths
    inner join conversions on paths.conversion_id = conversions.conversion_id
    left join turns
        on conversions.unit_id = turns.unit_id

),

anchored as (

    select
        conversion_id,
        touchpoint_id,
        (case when touch_number = 1 then 1 else 0 end)
        + (case when touch_number = lead_touch_number then 1 else 0 end)
        + (case when touch_number = opportunity_touch_number then 1 else 0 end) as anchors
    from with_turns

),

counted as (

    select
        *,
        count(*) filter (where anchors = 0) over (partition by conversion_id) as rest_count
    from anchored

)

select
    conversion_id,
    touchpoint_id,
    {#
        30 % an anchor and 10 % for the rest, in whole numbers. What is missing leaves its share to the others, since weights only stand
        in proportion to each other.
    #}
    case when anchors > 0 then 3 * anchors * greatest(rest_count, 1) else 1 end as weight
from counted
