{{ config(materialized='view') }}

select
    framework,
    person_id,
    entered_at as transitioned_at,
    from_stage,
    stage as to_stage,
    direction,
    cast({{ hours_between('from_entered_at', 'entered_at') }} as double) as hours_in_from_stage
from {{ ref('fct_stage_entries') }}
