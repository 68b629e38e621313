-- A definition is open in a person's state if and only if one of its episodes is open. All frameworks read these states, so they are
-- checked here, at each move and by definition, where rows are fewer than by framework.
with moves as (

    select
        person_key,
        moved_at,
        scope,
        overriding | open_definitions as held
    from {{ ref('int_person_moves') }}

),

held as (

    select
        moves.person_key,
        moves.moved_at,
        moves.scope,
        definitions.bit
    from moves
    inner join {{ ref('int_stage_definitions') }} as definitions on (moves.held & definitions.bit) <> 0

),

without_episode as (

    select
        held.person_key,
        held.moved_at
    from held
    left join {{ ref('int_stage_episodes') }} as episodes
        on held.person_key = episodes.person_key
        and held.bit = episodes.bit
        and held.moved_at >= episodes.entered_at
        and (held.moved_at < episodes.left_at or episodes.left_at is null)
    group by held.person_key, held.moved_at, held.scope, held.bit
    having count(episodes.entered_at) = 0

)

select
    person_key,
    moved_at
from without_episode
union all
{# persons whose first episode opens no state #}
select
    episodes.person_key,
    min(episodes.entered_at) as moved_at
from {{ ref('int_stage_episodes') }} as episodes
left join moves
    on episodes.person_key = moves.person_key
    and episodes.entered_at = moves.moved_at
group by episodes.person_key
having min(episodes.entered_at) < coalesce(min(moves.moved_at), timestamp '9999-12-31 00:00:00')
union all
select
    person_key,
    entered_at as moved_at
from {{ ref('int_stage_episodes') }}
where
    entered_at > {{ as_of() }}
    or left_at <= entered_at
