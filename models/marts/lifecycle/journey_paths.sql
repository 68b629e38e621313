with stages as (

    select * from {{ ref('framework_stages') }}

),

{# the stage that a journey is for: where the goal's definition leads in the framework, else the last one of its funnel #}
goals as (

    select
        stages.framework,
        coalesce(
            min(case when definitions.definition = '{{ setting('journey_goal') }}' then stages.rank end),
            max(case when stages.is_in_funnel then stages.rank end)
        ) as goal_rank
    from stages
    left join {{ ref('framework_stage_definitions') }} as definitions
        on stages.framework = definitions.framework
        and stages.stage = definitions.stage
    group by stages.framework

),

entries as (

    select
        entries.framework,
        entries.person_id,
        entries.stage,
        entries.entered_at,
        entries.is_current,
        coalesce(stages.rank >= goals.goal_rank, false) as is_goal,
        coalesce(stages.is_in_funnel, false) as is_in_funnel
    from {{ ref('fct_stage_entries') }} as entries
    inner join goals on entries.framework = goals.framework
    left join stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage

),

{# who never set foot in the funnel has neither taken a path nor left one #}
journeys as (

    select
        framework,
        person_id,
        min(entered_at) as began_at,
        min(case when is_goal then entered_at end) as reached_at,
        max(case when is_current and not is_in_funnel then entered_at end) as left_at
    from entries
    group by framework, person_id
    having bool_or(is_in_funnel)

),

steps as (

    select
        entries.framework,
        entries.person_id,
        entries.stage,
        row_number() over (partition by entries.framework, entries.person_id order by entries.entered_at) as step_number
    from entries
    inner join journeys
        on entries.framework = journeys.framework
        and entries.person_id = journeys.person_id
        and entries.entered_at < coalesce(journeys.reached_at, journeys.left_at, timestamp '9999-12-31 00:00:00')

),

paths as (

    select
        framework,
        person_id,
        count(*) as stage_count,
        {{ text_list('case when step_number <= 10 then stage end', order_by='step_number', separator=' > ') }} as path
    from steps
    group by framework, person_id

),

ended as (

    select
        journeys.framework,
        coalesce(case when paths.stage_count > 10 then paths.path || ' > …' else paths.path end, '(direct)') as path,
        coalesce(paths.stage_count, 0) as stage_count,
        journeys.reached_at is not null as is_advanced,
        journeys.reached_at is null and journeys.left_at is not null as is_left,
        {{ microseconds_between('journeys.began_at', 'journeys.reached_at') }} as microseconds_to_goal
    from journeys
    left join paths
        on journeys.framework = paths.framework
        and journeys.person_id = paths.person_id

),

counted as (

    select
        framework,
        path,
        cast(min(stage_count) as bigint) as stage_count,
        count(*) as persons,
        count(*) filter (where is_advanced) as advanced,
        count(*) filter (where is_left) as left_persons,
        median(microseconds_to_goal) / cast(86400000000 as double) as median_days
    from ended
    group by framework, path

),

shared as (

    select
        *,
        cast(advanced as double) / nullif(sum(advanced) over (partition by framework), 0) as share_of_advanced,
        cast(left_persons as double) / nullif(sum(left_persons) over (partition by framework), 0) as share_of_left,
        cast(row_number() over (partition by framework order by persons desc, path) as integer) as path_rank
    from counted

)

select
    {{ keyed_hash(["'journey_path'", 'framework', 'path']) }} as journey_path_key,
    framework,
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
where path_rank <= {{ setting('journey_paths') }}
