with scored as (

    select
        events.person_key,
        events.occurred_at,
        scores.points
    from {{ ref('int_person_events') }} as events
    inner join {{ ref('lead_scoring') }} as scores on events.event_type = scores.event_type
    union all
    select
        touchpoints.person_key,
        touchpoints.touched_at as occurred_at,
        scores.points
    from {{ ref('int_touchpoints') }} as touchpoints
    inner join {{ ref('lead_scoring') }} as scores on touchpoints.touchpoint_type = scores.event_type
    where touchpoints.touchpoint_type = 'web_session'

),

{# points are added when they are earned and subtracted when they expire, mql_score_days later #}
score_changes as (

    select
        person_key,
        changed_at,
        sum(points) as points
    from (
        select person_key, occurred_at as changed_at, points from scored
        union all
        select person_key, {{ add_days('occurred_at', setting('mql_score_days')) }} as changed_at, -points as points from scored
    ) as earned_and_expired
    group by person_key, changed_at

),

scores as (

    select
        person_key,
        changed_at,
        sum(points) over (partition by person_key order by changed_at rows between unbounded preceding and current row) as score
    from score_changes

),

transitions as (

    select
        *,
        score >= {{ setting('mql_score_threshold') }} as is_qualified,
        coalesce(lag(score) over (partition by person_key order by changed_at) >= {{ setting('mql_score_threshold') }}, false)
            as was_qualified
    from scores

),

periods as (

    select
        person_key,
        changed_at as entered_at,
        is_qualified,
        lead(changed_at) over (partition by person_key order by changed_at) as left_at
    from transitions
    where is_qualified <> was_qualified

)

select
    person_key,
    entered_at,
    left_at,
    'lead_score' as evidence
from periods
where is_qualified
