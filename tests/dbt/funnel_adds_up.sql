-- Invariant 7: converted + dropped + in_progress = entered, and every first entry into a stage is in exactly one month's cohort.
select framework || '.' || stage as problem
from {{ ref('kpi_funnel') }}
where converted + dropped + in_progress <> entered
union all
select coalesce(funnel.framework, entries.framework) || '.' || coalesce(funnel.stage, entries.stage) as problem
from (
    select
        framework,
        stage,
        sum(entered) as entered
    from {{ ref('kpi_funnel') }}
    where dimension = 'all' and cohort <> 'all'
    group by framework, stage
) as funnel
full outer join (
    select
        entries.framework,
        entries.stage,
        count(distinct entries.person_id) as entered
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage
    where stages.is_in_funnel
    group by entries.framework, entries.stage
) as entries
    on funnel.framework = entries.framework
    and funnel.stage = entries.stage
where funnel.entered is distinct from entries.entered
union all
-- every dimension splits the same cohort
select parts.cohort || ' ' || parts.framework || '.' || parts.stage || ' ' || parts.dimension as problem
from (
    select
        cohort,
        framework,
        stage,
        dimension,
        sum(entered) as entered,
        sum(converted) as converted
    from {{ ref('kpi_funnel') }}
    group by cohort, framework, stage, dimension
) as parts
left join {{ ref('kpi_funnel') }} as whole
    on parts.cohort = whole.cohort
    and parts.framework = whole.framework
    and parts.stage = whole.stage
    and whole.dimension = 'all'
where parts.entered is distinct from whole.entered or parts.converted is distinct from whole.converted
