-- Each interval is entered by exactly one transition; a lost one would break every count of moves.
select
    entries.framework,
    entries.person_id,
    entries.entered_at
from {{ ref('fct_stage_entries') }} as entries
left join {{ ref('fct_stage_transitions') }} as transitions
    on entries.framework = transitions.framework
    and entries.person_id = transitions.person_id
    and entries.entered_at = transitions.transitioned_at
    and entries.stage = transitions.to_stage
group by entries.framework, entries.person_id, entries.entered_at
having count(transitions.stage_transition_id) <> 1
