{{ config(materialized='view') }}

select
    entries.framework,
    entries.person_id,
    entries.stage,
    stages.rank,
    stages.label_en,
    stages.label_vi,
    entries.entry_number,
    entries.evidence,
    entries.entered_at,
    cast({{ hours_between('entries.entered_at', as_of()) }} / 24 as double) as days_in_stage
from {{ ref('fct_stage_entries') }} as entries
inner join {{ ref('dim_framework_stages') }} as stages
    on entries.framework = stages.framework
    and entries.stage = stages.stage
where entries.is_current
