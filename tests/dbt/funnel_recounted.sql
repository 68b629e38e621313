-- Recounts from all stays in the primary framework which persons of a cohort reached a later stage within the window. A rate over those who
-- moved only, or without a window, would be too high.
with stays as (

    select
        entries.person_id,
        entries.stage,
        entries.entered_at,
        stages.rank,
        stages.is_in_funnel,
        row_number() over (partition by entries.person_id, entries.stage order by entries.entered_at) as visit
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage
    where entries.framework = '{{ setting('primary_framework') }}'

),

{# outcome of every first entry into a stage #}
followed as (

    select
        firsts.person_id,
        firsts.stage,
        firsts.entered_at,
        coalesce(bool_or(later.rank > firsts.rank), false) as is_converted,
        coalesce(max_by(later.rank, later.entered_at) < min(firsts.rank), false) as is_lower
    from stays as firsts
    left join stays as later
        on firsts.person_id = later.person_id
        and {{ microseconds_between('firsts.entered_at', 'later.entered_at') }} between 1
        and {{ setting('funnel_window_days') }} * cast(86400000000 as bigint)
    where firsts.visit = 1 and firsts.is_in_funnel
    group by firsts.person_id, firsts.stage, firsts.entered_at

),

counted as (

    select
        {{ period_of(month_of(reporting_date('entered_at'))) }} as cohort,
        stage,
        count(*) as entered,
        count(*) filter (where is_converted) as converted,
        count(*) filter (
            where not is_converted and not is_lower
            and {{ microseconds_between('entered_at', as_of()) }} < {{ setting('funnel_window_days') }} * cast(86400000000 as bigint)
        ) as in_progress
    from followed
    group by {{ period_of(month_of(reporting_date('entered_at'))) }}, stage

),

published as (

    select * from {{ ref('kpi_funnel') }}
    where framework = '{{ setting('primary_framework') }}' and dimension = 'all'

),

ripe as (

    select
        counted.stage,
        sum(counted.entered) as entered,
        sum(counted.converted) as converted
    from counted
    where
        {{ days_between(add_months("cast(counted.cohort || '-01' as date)", 1), reporting_date(as_of())) }}
        >= {{ setting('funnel_window_days') }}
    group by counted.stage

)

select concat_ws(' ', coalesce(published.cohort, counted.cohort), coalesce(published.stage, counted.stage)) as problem
from (
    select * from published
    where cohort <> 'all'
) as published
full outer join counted
    on published.cohort = counted.cohort
    and published.stage = counted.stage
where
    published.entered is distinct from counted.entered
    or published.converted is distinct from counted.converted
    or published.in_progress is distinct from counted.in_progress
    or abs(published.conversion_rate - cast(counted.converted as double) / counted.entered) > 1e-9
    or abs(published.conversion_rate_to_date - cast(counted.converted as double) / counted.entered) > 1e-9
union all
select concat_ws(' ', published.cohort, published.stage) as problem
from published
left join ripe on published.stage = ripe.stage
where
    published.cohort = 'all'
    and (
        published.entered is distinct from ripe.entered
        or published.converted is distinct from ripe.converted
        or abs(published.conversion_rate - cast(ripe.converted as double) / ripe.entered) > 1e-9
    )
