with moves as (

    select distinct
        state_key_before,
        state_key,
        overrides,
        open_before,
        overriding_before,
        open_definitions,
        overriding
    from {{ ref('int_person_moves') }}

),

state_stages as (

    select * from {{ ref('int_state_stages') }}

),

changed as (

    select
        moves.*,
        stages_before.framework_number,
        stages_before.stage_number as stage_number_before,
        stages_before.rank as rank_before,
        state_stages.stage_number,
        state_stages.rank
    from moves
    inner join state_stages as stages_before on moves.state_key_before = stages_before.state_key
    inner join state_stages
        on moves.state_key = state_stages.state_key
        and stages_before.framework_number = state_stages.framework_number
    where stages_before.stage_number <> state_stages.stage_number

),

{# for the stage after each transition, the definitions that open with it #}
opened as (

    select
        changed.*,
        stages.definitions,
        stages.lower_overrides & changed.overrides as lower_overrides,
        stages.stage = 'none' as is_none,
        stages.definitions & (
            (changed.open_definitions - (changed.open_definitions & changed.open_before))
            | (changed.overriding - (changed.overriding & changed.overriding_before))
        ) as opening_bits,
        (stages.definitions & (changed.open_before | changed.overriding_before)) <> 0 as was_open,
        (stages.definitions & changed.overriding) <> 0 and (stages.definitions & changed.open_definitions) = 0 as is_overriding
    from changed
    inner join {{ ref('int_framework_stages') }} as stages on changed.stage_number = stages.stage_number

)

select
    state_key_before,
    state_key,
    framework_number,
    stage_number_before,
    rank_before,
    stage_number,
    rank,
    definitions,
    lower_overrides,
    {# if exactly one definition opens the stage, its episode is the evidence of the entry #}
    case when bit_count(opening_bits) = 1 and not was_open and not is_overriding then opening_bits end as opening_bit,
    is_none
from opened
