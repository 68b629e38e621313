with states as (

    select
        state_key,
        overrides,
        scope,
        overriding,
        open_definitions
    from {{ ref('int_person_moves') }}
    union
    select
        state_key_before as state_key,
        overrides,
        scope,
        overriding_before as overriding,
        open_before as open_definitions
    from {{ ref('int_person_moves') }}

),

stages as (

    select * from {{ ref('int_framework_stages') }}

),

{#
    the stage is the highest one that an open definition or the override gives. Of overrides with the same timestamp the lowest counts;
    without an open definition or override the stage is `none`
#}
ranks as (

    select
        states.state_key,
        stages.framework,
        greatest(
            max(case when (states.open_definitions & stages.definitions) <> 0 then stages.rank else 0 end),
            coalesce(min(case when (states.overriding & stages.definitions) <> 0 then stages.rank end), 0)
        ) as rank
    from states
    inner join {{ ref('int_stage_scopes') }} as scopes
        on states.overrides = scopes.overrides
        and states.scope = scopes.scope
    inner join stages on scopes.framework = stages.framework
    group by states.state_key, stages.framework

)

select
    ranks.state_key,
    stages.framework_number,
    stages.stage_number,
    stages.rank,
    stages.mask_number,
    stages.mask_bit
from ranks
inner join stages
    on ranks.framework = stages.framework
    and ranks.rank = stages.rank
