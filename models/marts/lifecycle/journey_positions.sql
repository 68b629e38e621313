select
    {{ keyed_hash(["'journey_position'", 'entries.framework', 'entries.person_id']) }} as journey_position_id,
    entries.framework,
    entries.person_id,
    entries.stage,
    cast(coalesce(stages.rank, 0) as decimal(4, 1)) as rank,
    entries.entry_number,
    entries.evidence,
    entries.entered_at,
    cast({{ hours_between('entries.entered_at', as_of()) }} / 24 as double) as days_in_stage
from {{ ref('fct_stage_entries') }} as entries
left join {{ ref('framework_stages') }} as stages
    on entries.framework = stages.framework
    and entries.stage = stages.stage
where entries.is_current
