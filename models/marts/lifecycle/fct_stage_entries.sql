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

{# what overlaps or follows on the spot is one stay in the stage #}
numbered as (

    select
        *,
        sum(case when is_opening then 1 else 0 end) over (
            partition by framework, person_id, stage
            order by entered_at, left_at, evidence
            rows between unbounded preceding and current row
        ) as stay_number
    from (
        select
            *,
            coalesce(entered_at > max(left_at) over (
                partition by framework, person_id, stage
                order by entered_at, left_at, evidence
                rows between unbounded preceding and 1 preceding
            ), true) as is_opening
        from overridden
        where left_at > entered_at
    ) as compared

),

stays as (

    select
        framework,
        person_id,
        stage,
        rank,
        min(entered_at) as entered_at,
        max(left_at) as left_at,
        max(case when is_opening then evidence end) as evidence
    from numbered
    group by framework, person_id, stage, rank, stay_number

),

boundaries as (

    select framework, person_id, entered_at as changed_at from stays
    union
    select framework, person_id, left_at as changed_at from stays
    where left_at < {{ forever }}

),

{# of the stays that are open at a boundary the highest is the position; ranks are unique in a framework #}
open_stays as (

    select
        boundaries.framework,
        boundaries.person_id,
        boundaries.changed_at,
        coalesce(max_by(stays.stage, stays.rank), 'none') as stage,
        coalesce(max_by(stays.evidence, stays.rank), 'nothing_open') as evidence
    from boundaries
    left join stays
        on boundaries.framework = stays.framework
        and boundaries.person_id = stays.person_id
        and boundaries.changed_at >= stays.entered_at
        and boundaries.changed_at < stays.left_at
    group by boundaries.framework, boundaries.person_id, boundaries.changed_at

),

positions as (

    select
        *,
        lag(stage) over (partition by framework, person_id order by changed_at) as stage_before
    from open_stays

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
