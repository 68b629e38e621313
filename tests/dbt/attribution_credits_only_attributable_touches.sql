-- Only attributable touchpoints of the same person or company, at or before the conversion, get credit. Any other would move revenue to the
-- wrong channel.
select
    attribution.conversion_id,
    attribution.touchpoint_id,
    attribution.attribution_model
from {{ ref('fct_attribution') }} as attribution
inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
inner join {{ ref('fct_touchpoints') }} as touchpoints on attribution.touchpoint_id = touchpoints.touchpoint_id
inner join {{ ref('dim_persons') }} as persons on touchpoints.person_id = persons.person_id
where
    not touchpoints.is_attributable
    or {{ attribution_unit('touchpoints.person_id', 'persons.company_id') }}
    <> {{ attribution_unit('conversions.person_id', 'conversions.company_id') }}
    or touchpoints.touched_at > conversions.converted_at
