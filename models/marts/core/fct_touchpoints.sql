with touchpoints as (

    select
        touchpoints.*,
        persons.person_id
    from {{ ref('int_touchpoints') }} as touchpoints
    inner join {{ ref('int_persons') }} as persons on touchpoints.person_key = persons.person_key

)

select
    touchpoints.touchpoint_id,
    touchpoints.person_id,
    touchpoints.touched_at,
    {{ reporting_date('touchpoints.touched_at') }} as touched_date,
    touchpoints.touchpoint_type,
    touchpoints.channel,
    touchpoints.campaign,
    touchpoints.session_id,
    touchpoints.direction,
    touchpoints.is_online,
    touchpoints.is_attributable,
    coalesce(stages.stage, 'none') as stage_at_touch
from touchpoints
{{ join_stage_at('touchpoints', 'touched_at') }}
{{ in_order_of('touchpoints.person_key, touchpoints.touched_at, touchpoints.touchpoint_key') }}
