{%- set forever = "timestamp '9999-12-31 00:00:00'" -%}

with evidence as (

    select * from {{ ref('fct_stage_evidence') }}

),

mapped as (

    select
        stages.framework,
        evidence.person_id,
        stages.stage,
        stages.rank,
        evidence.entered_at,
        coalesce(evidence.left_at, {{ forever }}) as left_at,
        evidence.evidence,
        evidence.is_override
    from evidence
    inner join {{ ref('framework_stage_definitions') }} as definitions on evidence.stage = definitions.definition
    inner join {{ ref('framework_stages') }} as stages
        on definitions.framework = stages.framework
        and definitions.stage = stages.stage

),

overrides as (

    select
        framework,
        person_id,
        rank,
        entered_at as overridden_at
    from mapped
    where is_override

),

{# from an override on, what was open above it no longer counts #}
overridden as (

    select
        mapped.framework,
        mapped.person_id,
        mapped.stage,
        mapped.rank,
        mapped.entered_at,
        mapped.evidence,
        least(mapped.left_at, coalesce(min(overrides.overridden_at), {{ forever }})) as left_at
    from mapped
    left join overrides
        on mapped.framework = overrides.framework
        and mapped.person_id = overrides.person_id
        and overrides.rank < mapped.rank
        and overrides.overridden_at >= mapped.entered_at
        and overrides.overridden_at < mapped.left_at
    group by mapped.framework, mapped.person_id, mapped.stage, mapped.rank, mapped.entered_at, mapped.evidence, mapped.left_at

),

episodes as (

    select * from overridden
    where left_at > entered_at

),

boundaries as (

    select framework, person_id, entered_at as changed_at from episodes
    union
    select framework, person_id, left_at as changed_at from episodes
    where left_at < {{ forever }}

),

ranked as (

    select
        boundaries.framework,
        boundaries.person_id,
        boundaries.changed_at,
        coalesce(episodes.stage, 'none') as stage,
        coalesce(episodes.evidence, 'nothing_open') as evidence,
        row_number() over (
            partition by boundaries.framework, boundaries.person_id, boundaries.changed_at
            order by episodes.rank desc nulls last, episodes.entered_at desc, episodes.evidence
        ) as position_rank
    from boundaries
    left join episodes
        on boundaries.framework = episodes.framework
        and boundaries.person_id = episodes.person_id
        and boundaries.changed_at >= episodes.entered_at
        and boundaries.changed_at < episodes.left_at

),

positions as (

    select
        *,
        lag(stage) over (partition by framework, person_id order by changed_at) as stage_before
    from ranked
    where position_rank = 1

),

entries as (

    select
        framework,
        person_id,
        stage,
        changed_at as entered_at,
        lead(changed_at) over (partition by framework, person_id order by changed_at) as exited_at,
        cast(row_number() over (partition by framework, person_id, stage order by changed_at) as integer) as entry_number,
        evidence
    from positions
    where stage_before is null or stage <> stage_before

)

select
    {{ keyed_hash(["'stage_entry'", 'framework', 'person_id', 'entered_at']) }} as stage_entry_id,
    framework,
    person_id,
    stage,
    entered_at,
    exited_at,
    exited_at is null as is_current,
    entry_number,
    evidence
from entries
