select
    {{ attribution_unit('touchpoints.person_id', 'persons.company_id') }} as unit_id,
    touchpoints.touchpoint_id,
    touchpoints.touched_at,
    touchpoints.channel,
    touchpoints.campaign
from {{ ref('int_touchpoints') }} as touchpoints
inner join {{ ref('dim_persons') }} as persons on touchpoints.person_id = persons.person_id
where touchpoints.is_attributable
