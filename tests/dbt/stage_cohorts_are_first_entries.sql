-- Exactly one row for everybody's first entry into each stage: one more counts a person twice in funnel and map, one less not at all.
with entries as (

    select
        framework,
        stage,
        person_id,
        min(entered_at) as entered_at
    from {{ ref('fct_stage_entries') }}
    where stage <> 'none'
    group by framework, stage, person_id

),

cohorts as (

    select
        framework,
        stage,
        person_id,
        min(entered_at) as entered_at,
        count(*) as cohort_count
    from {{ ref('fct_stage_cohorts') }}
    group by framework, stage, person_id

)

select
    coalesce(entries.framework, cohorts.framework) as framework,
    coalesce(entries.stage, cohorts.stage) as stage,
    coalesce(entries.person_id, cohorts.person_id) as person_id
from entries
full outer join cohorts
    on entries.framework = cohorts.framework
    and entries.stage = cohorts.stage
    and entries.person_id = cohorts.person_id
where
    entries.entered_at is distinct from cohorts.entered_at
    or cohorts.cohort_count is distinct from 1
union all
select
    framework,
    stage,
    person_id
from {{ ref('fct_stage_cohorts') }}
where is_converted and is_dropped
