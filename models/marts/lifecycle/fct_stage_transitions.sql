{{ config(materialized='view') }}

select
    entries.framework,
    entries.person_id,
    entries.entered_at as transitioned_at,
    entries.from_stage,
    before.rank as from_rank,
    before.label_en as from_label_en,
    before.label_vi as from_label_vi,
    entries.stage as to_stage,
    after.rank as to_rank,
    after.label_en as to_label_en,
    after.label_vi as to_label_vi,
    entries.direction,
    {{ joined_labels('direction', 'entries.direction', ranked=true) }},
    cast({{ hours_between('entries.from_entered_at', 'entries.entered_at') }} as double) as hours_in_from_stage
from {{ ref('fct_stage_entries') }} as entries
left join {{ ref('dim_framework_stages') }} as before on entries.framework = before.framework and entries.from_stage = before.stage
left join {{ ref('dim_framework_stages') }} as after on entries.framework = after.framework and entries.stage = after.stage
{{ join_labels('direction', "'stage_direction'", 'entries.direction') }}
