with touchpoints as (

    select * from {{ ref('int_touchpoints') }}

),

stages as (

    select * from {{ ref('fct_stage_entries') }}
    where framework = '{{ setting('primary_framework') }}'

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
left join stages
    on touchpoints.person_id = stages.person_id
    and touchpoints.touched_at >= stages.entered_at
    and (touchpoints.touched_at < stages.exited_at or stages.exited_at is null)
