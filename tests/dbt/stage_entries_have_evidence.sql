-- A position that no episode of its stage supports, or an episode that opened and left no trace, means the mechanism is broken.
select entries.stage_entry_id
from {{ ref('fct_stage_entries') }} as entries
left join {{ ref('framework_stage_definitions') }} as definitions
    on entries.framework = definitions.framework
    and entries.stage = definitions.stage
left join {{ ref('fct_stage_evidence') }} as evidence
    on entries.person_id = evidence.person_id
    and definitions.definition = evidence.stage
    and entries.entered_at >= evidence.entered_at
    and (entries.entered_at < evidence.left_at or evidence.left_at is null)
where entries.stage <> 'none'
group by entries.stage_entry_id
having count(evidence.stage_evidence_id) = 0
union all
select evidence.stage_evidence_id
from {{ ref('fct_stage_evidence') }} as evidence
where
    evidence.entered_at > {{ as_of() }}
    or evidence.left_at <= evidence.entered_at
