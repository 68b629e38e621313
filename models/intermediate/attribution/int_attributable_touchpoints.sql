with companies as (

    select
        {{ key_of('person_id') }} as person_key,
        company_id
    from {{ ref('dim_persons') }}

),

touchpoints as (

    select
        {{ attribution_unit('touchpoints.person_key', 'companies.company_id') }} as unit_key,
        touchpoints.touchpoint_id,
        touchpoints.touchpoint_key,
        touchpoints.touched_at,
        touchpoints.channel,
        touchpoints.campaign
    from {{ ref('int_touchpoints') }} as touchpoints
    inner join companies on touchpoints.person_key = companies.person_key
    where touchpoints.is_attributable

)

select
    *,
    row_number() over unit as unit_touch_number,
    lag(touched_at) over unit as touched_before_at,
    lag(channel) over unit as channel_before,
    lead(touched_at) over unit as touched_next_at
from touchpoints
window unit as (partition by unit_key order by touched_at, touchpoint_key)
