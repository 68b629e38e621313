{#- a path is encoded as a number with ten digits in base 64, one per step: the place of the stage in the framework, from 1 -#}
{%- set digit = 64 -%}
{%- set steps = 10 -%}

with stages as (

    select
        *,
        cast(row_number() over (partition by framework_number order by rank) as bigint) as place
    from {{ ref('int_framework_stages') }}

),

{# goal of a framework: the stage that the definition journey_goal maps to, else the last stage of the funnel #}
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
        entries.entered_at,
        entries.exited_at is null and not stages.is_in_funnel as is_left,
        entries.highest_rank >= goals.goal_rank as is_past_goal,
        stages.is_in_funnel,
        case
            when entries.step_number <= {{ steps }}
                then stages.place * cast(power({{ digit }}, entries.step_number - 1) as bigint)
            else 0
        end as step
    from {{ ref('int_stage_entries') }} as entries
    inner join stages on entries.stage_number = stages.stage_number
    inner join goals on entries.framework_number = goals.framework_number

),

{# persons who never entered the funnel have no path, and have not left it either #}
journeys as (

    select
        framework_number,
        person_key,
        min(entered_at) as began_at,
        min(case when is_past_goal then entered_at end) as reached_at,
        bool_or(is_left) as is_left,
        count(*) filter (where not is_past_goal and not is_left) as stage_count,
        cast(coalesce(sum(step) filter (where not is_past_goal and not is_left), 0) as bigint) as path_number
    from entries
    group by framework_number, person_key
    having bool_or(is_in_funnel)

),

counted as (

    select
        framework_number,
        path_number,
        stage_count > {{ steps }} as is_cut,
        cast(min(stage_count) as bigint) as stage_count,
        count(*) as persons,
        count(*) filter (where reached_at is not null) as advanced,
        count(*) filter (where reached_at is null and is_left) as left_persons,
        median({{ microseconds_between('began_at', 'reached_at') }}) / cast(86400000000 as double) as median_days
    from journeys
    group by framework_number, path_number, stage_count > {{ steps }}

),

digits as (

    {%- for step in range(steps) %}
    select {{ step }} as step, cast({{ digit ** step }} as bigint) as unit
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

stages_of_paths as (

    select
        counted.framework_number,
        counted.path_number,
        counted.is_cut,
        {{ text_list('stages.stage', order_by='digits.step', separator=' > ') }} as stages
    from counted
    cross join digits
    inner join stages
        on counted.framework_number = stages.framework_number
        and (counted.path_number & (digits.unit * {{ digit - 1 }})) = stages.place * digits.unit
    group by counted.framework_number, counted.path_number, counted.is_cut

),

named as (

    select
        counted.*,
        coalesce(stages_of_paths.stages || case when counted.is_cut then ' > …' else '' end, '(direct)') as path
    from counted
    left join stages_of_paths
        on counted.framework_number = stages_of_paths.framework_number
        and counted.path_number = stages_of_paths.path_number
        and counted.is_cut = stages_of_paths.is_cut

),

shared as (

    select
        *,
        cast(advanced as double) / nullif(sum(advanced) over (partition by framework_number), 0) as share_of_advanced,
        cast(left_persons as double) / nullif(sum(left_persons) over (partition by framework_number), 0) as share_of_left,
        cast(row_number() over (partition by framework_number order by persons desc, path) as integer) as path_rank
    from named

)

select
    goals.framework,
    shared.path_rank as rank,
    shared.path,
    shared.stage_count,
    shared.persons,
    shared.advanced,
    shared.left_persons,
    shared.persons - shared.advanced - shared.left_persons as in_progress,
    cast(shared.advanced as double) / nullif(shared.advanced + shared.left_persons, 0) as conversion_rate,
    shared.share_of_advanced,
    shared.share_of_left,
    shared.median_days
from shared
inner join goals on shared.framework_number = goals.framework_number
where shared.path_rank <= {{ setting('journey_paths') }}
{{ in_order_of('goals.framework, shared.path_rank') }}
