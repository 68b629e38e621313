with stages as (

    select * from {{ ref('int_framework_stages') }}

)

select
    stages.framework,
    persons.person_id,
    entries.entered_at,
    stages.stage,
    stages_before.stage as from_stage,
    entries.entered_date,
    entries.exited_at,
    entries.entered_before_at as from_entered_at,
    entries.exited_at is null as is_current,
    entries.entry_number,
    {{ stage_direction('entries.entry_number', 'stages', 'stages_before') }} as direction,
    entries.outcome,
    first_entries.converted_at,
    first_entries.channel,
    entries.evidence
from {{ ref('int_stage_entries') }} as entries
inner join stages on entries.stage_number = stages.stage_number
inner join stages as stages_before on entries.stage_number_before = stages_before.stage_number
inner join {{ ref('int_persons') }} as persons on entries.person_key = persons.person_key
left join {{ ref('int_stage_first_entries') }} as first_entries
    on entries.person_key = first_entries.person_key
    and entries.stage_number = first_entries.stage_number
    and entries.entered_at = first_entries.entered_at
