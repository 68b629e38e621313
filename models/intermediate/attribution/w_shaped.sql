with paths as (

    select * from {{ ref('int_paths') }}

),

conversions as (

    select
        conversion_id,
        conversion_type,
        converted_at,
        {{ attribution_unit(key_of('person_id'), 'company_id') }} as unit_key
    from {{ ref('fct_conversions') }}

),

turns as (

    select
        unit_key,
        min(case when conversion_type = 'lead' then converted_at end) as lead_at,
        min(case when conversion_type = 'opportunity' then converted_at end) as opportunity_at
    from conversions
    where conversion_type in ('lead', 'opportunity')
    group by unit_key

),

turns_of_paths as (

    select
        paths.conversion_number,
        {# a turn after the conversion is no part of the way to it #}
        case when turns.lead_at <= paths.converted_at then turns.lead_at end as lead_at,
        case when turns.opportunity_at <= paths.converted_at then turns.opportunity_at end as opportunity_at
    from paths
    inner join conversions on paths.conversion_id = conversions.conversion_id
    inner join turns on conversions.unit_key = turns.unit_key
    where paths.touch_number = 1

),

with_turns as (

    select
        paths.conversion_number,
        paths.touch_number,
        max(case when paths.touched_at <= turns_of_paths.lead_at then paths.touch_number end)
            over (partition by paths.conversion_number) as lead_touch_number,
        max(case when paths.touched_at <= turns_of_paths.opportunity_at then paths.touch_number end)
            over (partition by paths.conversion_number) as opportunity_touch_number
    from paths
    left join turns_of_paths on paths.conversion_number = turns_of_paths.conversion_number

),

anchored as (

    select
        conversion_number,
        touch_number,
        (case when touch_number = 1 then 1 else 0 end)
        + (case when touch_number = lead_touch_number then 1 else 0 end)
        + (case when touch_number = opportunity_touch_number then 1 else 0 end) as anchors
    from with_turns

),

counted as (

    select
        *,
        count(*) filter (where anchors = 0) over (partition by conversion_number) as rest_count
    from anchored

)

select
    conversion_number,
    touch_number,
    {#
        30 % an anchor and 10 % for the rest, in whole numbers. What is missing leaves its share to the others, since weights only stand
        in proportion to each other.
    #}
    case when anchors > 0 then 3 * anchors * greatest(rest_count, 1) else 1 end as weight
from counted
