-- Invariant 3: per person and framework, intervals neither overlap nor leave gaps, and the last one lasts until as-of.
with neighbours as (

    select
        *,
        lead(entered_at) over (partition by framework, person_id order by entered_at, stage_entry_id) as next_entered_at,
        lead(stage) over (partition by framework, person_id order by entered_at, stage_entry_id) as next_stage
    from {{ ref('fct_stage_entries') }}

)

select *
from neighbours
where
    next_entered_at is distinct from exited_at
    or exited_at <= entered_at
    or stage = next_stage
    or entered_at > {{ as_of() }}
