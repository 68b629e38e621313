select
    entries.person_key,
    stages.stage,
    entries.entered_at,
    entries.exited_at
from {{ ref('int_stage_entries') }} as entries
inner join {{ ref('int_framework_stages') }} as stages on entries.stage_number = stages.stage_number
where stages.framework = '{{ setting('primary_framework') }}'
