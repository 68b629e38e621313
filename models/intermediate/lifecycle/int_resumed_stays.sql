{# entries into a stage that was open before but hidden by a higher one, or that several definitions open at once #}
with returns as (

    select distinct
        moves.person_key,
        move_stages.definitions,
        move_stages.lower_overrides,
        moves.moved_at
    from {{ ref('int_person_moves') }} as moves
    inner join {{ ref('int_move_stages') }} as move_stages
        on moves.state_key_before = move_stages.state_key_before
        and moves.state_key = move_stages.state_key
    where move_stages.opening_bit is null and not move_stages.is_none

),

sought as (

    select distinct
        person_key,
        definitions,
        lower_overrides
    from returns

),

matched_episodes as (

    select
        sought.*,
        episodes.entered_at,
        episodes.left_at,
        episodes.evidence,
        (episodes.bit & sought.definitions) <> 0 as is_of_stage,
        episodes.is_override and (episodes.bit & sought.lower_overrides) <> 0 as is_lower_override
    from sought
    inner join {{ ref('int_stage_episodes') }} as episodes on sought.person_key = episodes.person_key
    where
        (episodes.bit & sought.definitions) <> 0
        or (episodes.is_override and (episodes.bit & sought.lower_overrides) <> 0)

),

overridden as (

    select
        *,
        least(
            coalesce(left_at, timestamp '9999-12-31 00:00:00'),
            min(case when is_lower_override then entered_at end) over (
                partition by person_key, definitions, lower_overrides
                order by entered_at desc
            )
        ) as ended_at
    from matched_episodes

),

{# overlapping and adjoining episodes are one stay in the stage #}
compared as (

    select
        *,
        coalesce(entered_at > max(ended_at) over (
            partition by person_key, definitions, lower_overrides
            order by entered_at, ended_at, evidence
            rows between unbounded preceding and 1 preceding
        ), true) as is_opening
    from overridden
    where is_of_stage and ended_at > entered_at

),

moments as (

    select
        person_key,
        definitions,
        lower_overrides,
        entered_at as moved_at,
        evidence,
        1 as opens
    from compared
    where is_opening
    union all
    select
        person_key,
        definitions,
        lower_overrides,
        moved_at,
        cast(null as string) as evidence,
        0 as opens
    from returns

),

numbered as (

    select
        *,
        sum(opens) over (
            partition by person_key, definitions, lower_overrides
            order by moved_at, opens desc
            rows between unbounded preceding and current row
        ) as stay_number
    from moments

)

select
    returns.person_key,
    returns.definitions,
    returns.lower_overrides,
    returns.moved_at,
    stays.evidence
from numbered as returns
inner join numbered as stays
    on returns.person_key = stays.person_key
    and returns.definitions = stays.definitions
    and returns.lower_overrides = stays.lower_overrides
    and returns.stay_number = stays.stay_number
where returns.opens = 0 and stays.opens = 1
