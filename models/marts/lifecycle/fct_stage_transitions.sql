{{ config(materialized='view') }}

select
    stage_entry_id as stage_transition_id,
    framework,
    person_id,
    from_stage,
    stage as to_stage,
    entered_at as transitioned_at,
    direction,
    cast({{ hours_between('from_entered_at', 'entered_at') }} as double) as hours_in_from_stage
from {{ ref('fct_stage_entries') }}
