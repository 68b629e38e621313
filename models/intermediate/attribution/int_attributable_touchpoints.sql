with touchpoints as (

    select
        {{ attribution_unit('touchpoints.person_id', 'persons.company_id') }} as unit_id,
        touchpoints.touchpoint_id,
        touchpoints.touched_at,
        touchpoints.channel,
        touchpoints.campaign
    from {{ ref('int_touchpoints') }} as touchpoints
    inner join {{ ref('dim_persons') }} as persons on touchpoints.person_id = persons.person_id
    where touchpoints.is_attributable

)

select
    *,
    row_number() over unit as unit_touch_number,
    lag(touched_at) over unit as touched_before_at,
    lag(channel) over unit as channel_before,
    lead(touched_at) over unit as touched_next_at
from touchpoints
window unit as (partition by unit_id order by touched_at, touchpoint_id)
