with stages as (

    select
        stages.framework,
        stages.stage,
        stages.rank,
        stages.is_in_funnel,
        row_number() over (order by stages.framework, stages.rank) - 1 as place,
        {# the last stage has no later stage to convert to, and one outside the funnel is no step towards any #}
        stages.is_in_funnel and stages.rank < max(case when stages.is_in_funnel then stages.rank end) over (partition by stages.framework)
            as has_later_stage,
        {# steps count stages of the funnel, because ranks may have gaps #}
        sum(case when stages.is_in_funnel then 1 else 0 end) over (
            partition by stages.framework
            order by stages.rank
            rows between unbounded preceding and current row
        ) as steps
    from {{ ref('framework_stages') }} as stages
    inner join {{ ref('int_frameworks') }} as frameworks on stages.framework = frameworks.framework

),

mapped as (

    select
        stages.framework,
        stages.stage,
        stages.rank,
        definitions.bit,
        definitions.can_override
    from stages
    inner join {{ ref('framework_stage_definitions') }} as mapping
        on stages.framework = mapping.framework
        and stages.stage = mapping.stage
    inner join {{ ref('int_stage_definitions') }} as definitions on mapping.definition = definitions.definition

),

sets as (

    select
        framework,
        stage,
        bit_or(bit) as definitions
    from mapped
    group by framework, stage

),

{# definitions of lower stages that a CRM change can open, which ends a stay in this stage #}
lower_overrides as (

    select
        stages.framework,
        stages.stage,
        bit_or(mapped.bit) as overrides
    from stages
    inner join mapped
        on stages.framework = mapped.framework
        and stages.rank > mapped.rank
    where mapped.can_override
    group by stages.framework, stages.stage

),

numbered as (

    select
        stages.framework,
        stages.stage,
        stages.rank,
        stages.steps,
        stages.is_in_funnel,
        stages.has_later_stage,
        cast(coalesce(sets.definitions, 0) as bigint) as definitions,
        cast(coalesce(lower_overrides.overrides, 0) as bigint) as lower_overrides,
        cast(floor(stages.place / {{ stages_per_mask() }}) as integer) as mask_number,
        cast(power(2, stages.place % {{ stages_per_mask() }}) as bigint) as mask_bit
    from stages
    left join sets
        on stages.framework = sets.framework
        and stages.stage = sets.stage
    left join lower_overrides
        on stages.framework = lower_overrides.framework
        and stages.stage = lower_overrides.stage
    union all
    {# the stage `none`, of a person without an open stage, is in no mask #}
    select
        framework,
        'none' as stage,
        0 as rank,
        0 as steps,
        false as is_in_funnel,
        false as has_later_stage,
        cast(0 as bigint) as definitions,
        cast(0 as bigint) as lower_overrides,
        cast(null as integer) as mask_number,
        cast(null as bigint) as mask_bit
    from {{ ref('int_frameworks') }}

)

select
    cast(row_number() over (order by framework, rank) as smallint) as stage_number,
    cast(dense_rank() over (order by framework) as smallint) as framework_number,
    framework,
    stage,
    cast(rank as decimal(4, 1)) as rank,
    cast(steps as smallint) as steps,
    is_in_funnel,
    has_later_stage,
    definitions,
    lower_overrides,
    mask_number,
    mask_bit
from numbered
