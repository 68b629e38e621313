with stages as (

    select
        framework,
        stage,
        rank,
        {# a step forward is to the next stage of the funnel, however its ranks are numbered #}
        sum(case when is_in_funnel then 1 else 0 end) over (
            partition by framework
            order by rank
            rows between unbounded preceding and current row
        ) as steps
    from {{ ref('framework_stages') }}

),

entries as (

    select
        entries.*,
        coalesce(stages.rank, 0) as rank,
        coalesce(stages.steps, 0) as steps
    from {{ ref('fct_stage_entries') }} as entries
    left join stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage

),

transitions as (

    select
        *,
        coalesce(lag(stage) over person_path, 'none') as from_stage,
        coalesce(lag(rank) over person_path, 0) as from_rank,
        coalesce(lag(steps) over person_path, 0) as from_steps,
        lag(entered_at) over person_path as from_entered_at
    from entries
    window person_path as (partition by framework, person_id order by entered_at)

)

select
    {{ keyed_hash(["'stage_transition'", 'framework', 'person_id', 'entered_at']) }} as stage_transition_id,
    framework,
    person_id,
    from_stage,
    stage as to_stage,
    entered_at as transitioned_at,
    case
        when rank < from_rank then 'backward'
        when entry_number > 1 then 'reentry'
        when steps - from_steps <= 1 then 'forward'
        else 'skip'
    end as direction,
    cast({{ hours_between('from_entered_at', 'entered_at') }} as double) as hours_in_from_stage
from transitions
