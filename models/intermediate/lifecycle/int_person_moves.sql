with scopes as (

    select distinct
        overrides,
        scope
    from {{ ref('int_stage_scopes') }}

),

{# episodes per scope; a CRM change is left out of scopes whose frameworks have no stage for it #}
episodes as (

    select
        episodes.person_key,
        scopes.overrides,
        scopes.scope,
        episodes.bit,
        episodes.is_override,
        episodes.entered_at,
        episodes.left_at,
        max(case when episodes.is_override then episodes.entered_at end) over (
            partition by episodes.person_key, scopes.scope
            order by episodes.entered_at
        ) as last_override_at,
        min(case when episodes.is_override then episodes.entered_at end) over (
            partition by episodes.person_key, scopes.scope
            order by episodes.entered_at desc
        ) as next_override_at
    from {{ ref('int_stage_episodes') }} as episodes
    inner join {{ ref('int_person_overrides') }} as persons on episodes.person_key = persons.person_key
    inner join scopes on persons.overrides = scopes.overrides
    where not episodes.is_override or (scopes.scope & episodes.bit) <> 0

),

{#
    an override ends all episodes opened before it: those of higher stages are meant to end, and those of lower stages could not show
    anyway, because the override keeps its own stage open until the next override.
-#}
counted as (

    select
        person_key,
        overrides,
        scope,
        bit,
        entered_at,
        least(left_at, next_override_at) as left_at
    from episodes
    where not is_override and (last_override_at is null or last_override_at < entered_at)

),

ends as (

    select
        person_key,
        overrides,
        scope,
        bit,
        entered_at as moved_at,
        1 as change
    from counted
    union all
    select
        person_key,
        overrides,
        scope,
        bit,
        left_at as moved_at,
        -1 as change
    from counted
    where left_at is not null

),

net_ends as (

    select
        person_key,
        overrides,
        scope,
        bit,
        moved_at,
        sum(change) as change
    from ends
    group by person_key, overrides, scope, bit, moved_at
    having sum(change) <> 0

),

{# episodes of a definition may overlap: the definition is open as long as at least one episode is #}
counts as (

    select
        *,
        sum(change) over (
            partition by person_key, scope, bit
            order by moved_at
            rows between unbounded preceding and current row
        ) as open_episodes
    from net_ends

),

overridden as (

    select
        person_key,
        overrides,
        scope,
        entered_at as moved_at,
        bit_or(bit) as overriding
    from episodes
    where is_override
    group by person_key, overrides, scope, entered_at

),

changes as (

    select
        person_key,
        overrides,
        scope,
        moved_at,
        case when open_episodes = change then bit else -bit end as open_change,
        cast(0 as bigint) as overriding_change
    from counts
    where open_episodes = 0 or open_episodes = change
    union all
    select
        person_key,
        overrides,
        scope,
        moved_at,
        cast(0 as bigint) as open_change,
        overriding - coalesce(lag(overriding) over (partition by person_key, scope order by moved_at), 0) as overriding_change
    from overridden

),

moments as (

    select
        person_key,
        overrides,
        scope,
        moved_at,
        cast(sum(open_change) as bigint) as open_change,
        cast(sum(overriding_change) as bigint) as overriding_change
    from changes
    group by person_key, overrides, scope, moved_at
    having sum(open_change) <> 0 or sum(overriding_change) <> 0

),

sets as (

    select
        *,
        cast(sum(open_change) over state_before_and_now as bigint) as open_definitions,
        cast(sum(overriding_change) over state_before_and_now as bigint) as overriding
    from moments
    window state_before_and_now as (
        partition by person_key, scope
        order by moved_at
        rows between unbounded preceding and current row
    )

)

select
    person_key,
    moved_at,
    {{ reporting_date('moved_at') }} as moved_date,
    overrides,
    scope,
    overriding - overriding_change as overriding_before,
    open_definitions - open_change as open_before,
    overriding,
    open_definitions,
    {{ state_key('overriding - overriding_change', 'open_definitions - open_change') }} as state_key_before,
    {{ state_key('overriding', 'open_definitions') }} as state_key
from sets
