-- Invariant 3: per person and framework, intervals neither overlap nor leave gaps, and the last one lasts until as-of.
with neighbours as (

    select
        *,
        lead(entered_at) over (partition by person_key, framework_number order by entered_at, stage_number) as next_entered_at,
        lead(stage_number) over (partition by person_key, framework_number order by entered_at, stage_number) as next_stage_number
    from {{ ref('int_stage_entries') }}

)

select *
from neighbours
where
    next_entered_at is distinct from exited_at
    or exited_at <= entered_at
    or stage_number = next_stage_number
    or entered_at > {{ as_of() }}
