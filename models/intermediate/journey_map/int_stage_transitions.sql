with stages as (

    select * from {{ ref('int_framework_stages') }}

)

select
    entries.person_key,
    entries.stage_number_before as from_stage_number,
    entries.stage_number as to_stage_number,
    {{ stage_direction('entries.entry_number', 'after', 'before') }} as direction,
    {{ period_number('entries.entered_date') }} as month_number,
    {{ microseconds_between('entries.entered_before_at', 'entries.entered_at') }} as microseconds,
    moments.customer_type,
    moments.persona
from {{ ref('int_stage_entries') }} as entries
inner join stages as before on entries.stage_number_before = before.stage_number
inner join stages as after on entries.stage_number = after.stage_number
inner join {{ ref('int_stage_moments') }} as moments
    on entries.person_key = moments.person_key
    and entries.entered_at = moments.moment
