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
    {{ joined_labels('channel', 'touchpoints.channel') }},
    touchpoints.campaign,
    touchpoints.session_id,
    touchpoints.direction,
    {{ joined_labels('direction', 'touchpoints.direction') }},
    touchpoints.is_online,
    touchpoints.is_attributable,
    coalesce(stages.stage, 'none') as stage_at_touch,
    {{ joined_labels('stage_at_touch', "coalesce(stages.stage, 'none')", ranked=true) }}
from touchpoints
{{ join_stage_at('touchpoints', 'touched_at') }}
{{ join_labels('channel', "'channel'", 'touchpoints.channel') }}
{{ join_labels('direction', "'direction'", 'touchpoints.direction') }}
{{ join_labels('stage_at_touch', "'stage'", "coalesce(stages.stage, 'none')") }}
{{ in_order_of('touchpoints.person_key, touchpoints.touched_at, touchpoints.touchpoint_key') }}
