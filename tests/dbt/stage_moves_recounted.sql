-- Recounts direction and number of each entry, flows by quarter and in all, and days in the current stage, from the stays in the primary
-- framework, one after another. A step to the next stage taken for a skip, or transitions counted as persons, would change the picture.
with stages as (

    select * from {{ ref('dim_framework_stages') }}

),

steps as (

    select
        before.framework,
        before.stage as from_stage,
        after.stage as to_stage,
        after.rank < before.rank as is_backward,
        count(between_them.stage) as stages_passed
    from stages as before
    inner join stages as after on before.framework = after.framework and before.stage <> after.stage
    left join stages as between_them
        on before.framework = between_them.framework
        and between_them.is_in_funnel
        and before.rank < between_them.rank
        and after.rank > between_them.rank
    group by before.framework, before.stage, after.stage, before.rank, after.rank

),

stays as (

    select
        entries.*,
        lag(entries.stage) over person as stage_before,
        lag(entries.entered_at) over person as entered_before_at,
        row_number() over (partition by entries.person_id, entries.stage order by entries.entered_at) as visit,
        row_number() over (partition by entries.person_id order by entries.entered_at desc) as stay_from_the_end
    from {{ ref('fct_stage_entries') }} as entries
    where entries.framework = '{{ setting('primary_framework') }}'
    window person as (partition by entries.person_id order by entries.entered_at)

),

moves as (

    select
        stays.*,
        coalesce(stays.stage_before, 'none') as moved_from,
        {{ microseconds_between('stays.entered_before_at', 'stays.entered_at') }} as microseconds,
        case
            when steps.is_backward then 'backward'
            when stays.visit > 1 then 'reentry'
            when steps.stages_passed = 0 then 'forward'
            else 'skip'
        end as moved
    from stays
    left join steps
        on stays.framework = steps.framework
        and coalesce(stays.stage_before, 'none') = steps.from_stage
        and stays.stage = steps.to_stage

),

periods as (

    {{ calendar_periods(['quarter', 'all']) }}

),

moves_in_periods as (

    select
        periods.period,
        moves.*
    from moves
    inner join periods on moves.entered_date between periods.first_day and periods.last_day

),

flows as (

    select
        period,
        moved_from,
        stage,
        moved,
        count(*) as transitions,
        count(distinct person_id) as persons
    from moves_in_periods
    group by period, moved_from, stage, moved

),

flow_hours as (

    {{ middle_hours('moves_in_periods', 'period, moved_from, stage, moved', 'microseconds') }}

),

published as (

    select * from {{ ref('journey_flow') }}
    where framework = '{{ setting('primary_framework') }}' and period_type <> 'month' and dimension = 'all'

)

select concat_ws(' ', person_id, stage) as problem
from moves
where direction <> moved or from_stage <> moved_from or entry_number <> visit or is_current <> (stay_from_the_end = 1)
union all
select
    concat_ws(
        ' ',
        coalesce(published.period, flows.period),
        coalesce(published.from_stage, flows.moved_from),
        coalesce(published.to_stage, flows.stage)
    ) as problem
from published
full outer join flows
    on published.period = flows.period
    and published.from_stage = flows.moved_from
    and published.to_stage = flows.stage
    and published.direction = flows.moved
left join flow_hours
    on flows.period = flow_hours.period
    and flows.moved_from = flow_hours.moved_from
    and flows.stage = flow_hours.stage
    and flows.moved = flow_hours.moved
where
    published.transitions is distinct from flows.transitions
    or published.persons is distinct from flows.persons
    or {{ differ('flow_hours.middle_hours', 'published.median_hours') }}
union all
select concat_ws(' ', positions.person_id, positions.stage) as problem
from {{ ref('journey_positions') }} as positions
left join moves
    on positions.person_id = moves.person_id
    and moves.stay_from_the_end = 1
where
    positions.framework = '{{ setting('primary_framework') }}'
    and (
        positions.stage is distinct from moves.stage
        or {{ differ(microseconds_between('moves.entered_at', as_of()) ~ ' / 86400000000e0', 'positions.days_in_stage') }}
    )
