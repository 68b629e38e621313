-- Each first entry of a person into a stage has exactly one cohort row. One row too many counts the person twice in funnel and map, one too
-- few not at all.
with entries as (

    select
        person_key,
        stage_number,
        min(entered_at) as entered_at
    from {{ ref('int_stage_entries') }}
    where rank > 0
    group by person_key, stage_number

),

cohorts as (

    select
        person_key,
        stage_number,
        min(entered_at) as entered_at,
        count(*) as cohort_count,
        bool_or((outcome = 'converted') <> (converted_at is not null)) as contradicts_itself
    from {{ ref('int_stage_first_entries') }}
    group by person_key, stage_number

)

select
    coalesce(entries.person_key, cohorts.person_key) as person_key,
    coalesce(entries.stage_number, cohorts.stage_number) as stage_number
from entries
full outer join cohorts
    on entries.person_key = cohorts.person_key
    and entries.stage_number = cohorts.stage_number
where
    entries.entered_at is distinct from cohorts.entered_at
    or cohorts.cohort_count is distinct from 1
    or cohorts.contradicts_itself
