with stages as (

    select * from {{ ref('int_framework_stages') }}

),

{# the stage that a journey is for: where the goal's definition leads in the framework, else the last one of its funnel #}
goals as (

    select
        stages.framework,
        stages.framework_number,
        coalesce(
            min(case when definitions.definition = '{{ setting('journey_goal') }}' then stages.rank end),
            max(case when stages.is_in_funnel then stages.rank end)
        ) as goal_rank
    from stages
    left join {{ ref('framework_stage_definitions') }} as definitions
        on stages.framework = definitions.framework
        and stages.stage = definitions.stage
    where stages.stage <> 'none'
    group by stages.framework, stages.framework_number

),

entries as (

    select
        entries.framework_number,
        entries.person_key,
        stages.stage,
        entries.entered_at,
        entries.exited_at is null as is_current,
        stages.stage <> 'none' and stages.rank >= goals.goal_rank as is_goal,
        stages.is_in_funnel
    from {{ ref('int_stage_entries') }} as entries
    inner join stages on entries.stage_number = stages.stage_number
    inner join goals on entries.framework_number = goals.framework_number

),

{# who never set foot in the funnel has neither taken a path nor left one #}
journeys as (

    select
        framework_number,
        person_key,
        min(entered_at) as began_at,
        min(case when is_goal then entered_at end) as reached_at,
        max(case when is_current and not is_in_funnel then entered_at end) as left_at
    from entries
    group by framework_number, person_key
    having bool_or(is_in_funnel)

),

steps as (

    select
        entries.framework_number,
        entries.person_key,
        entries.stage,
        row_number() over (partition by entries.framework_number, entries.person_key order by entries.entered_at) as step_number
    from entries
    inner join journeys
        on entries.framework_number = journeys.framework_number
        and entries.person_key = journeys.person_key
        and entries.entered_at < coalesce(journeys.reached_at, journeys.left_at, timestamp '9999-12-31 00:00:00')

),

paths as (

    select
        framework_number,
        person_key,
        count(*) as stage_count,
        {{ text_list('case when step_number <= 10 then stage end', order_by='step_number', separator=' > ') }} as path
    from steps
    group by framework_number, person_key

),

ended as (

    select
        journeys.framework_number,
        coalesce(case when paths.stage_count > 10 then paths.path || ' > …' else paths.path end, '(direct)') as path,
        coalesce(paths.stage_count, 0) as stage_count,
        journeys.reached_at is not null as is_advanced,
        journeys.reached_at is null and journeys.left_at is not null as is_left,
        {{ microseconds_between('journeys.began_at', 'journeys.reached_at') }} as microseconds_to_goal
    from journeys
    left join paths
        on journeys.framework_number = paths.framework_number
        and journeys.person_key = paths.person_key

),

counted as (

    select
        framework_number,
        path,
        cast(min(stage_count) as bigint) as stage_count,
        count(*) as persons,
        count(*) filter (where is_advanced) as advanced,
        count(*) filter (where is_left) as left_persons,
        median(microseconds_to_goal) / cast(86400000000 as double) as median_days
    from ended
    group by framework_number, path

),

shared as (

    select
        *,
        cast(advanced as double) / nullif(sum(advanced) over (partition by framework_number), 0) as share_of_advanced,
        cast(left_persons as double) / nullif(sum(left_persons) over (partition by framework_number), 0) as share_of_left,
        cast(row_number() over (partition by framework_number order by persons desc, path) as integer) as path_rank
    from counted

)

select
    goals.framework,
    path_rank as rank,
    path,
    stage_count,
    persons,
    advanced,
    left_persons,
    persons - advanced - left_persons as in_progress,
    cast(advanced as double) / nullif(advanced + left_persons, 0) as conversion_rate,
    share_of_advanced,
    share_of_left,
    median_days
from shared
inner join goals on shared.framework_number = goals.framework_number
where path_rank <= {{ setting('journey_paths') }}
order by goals.framework, path_rank
