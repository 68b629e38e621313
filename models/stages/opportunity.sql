{# a deal without duration, recorded only when it was already closed, was never open; deals with the same start and end are one episode #}
select distinct
    person_key,
    occurred_at as entered_at,
    ended_at as left_at,
    event_type as evidence
from {{ ref('int_person_events') }}
where
    event_type = 'deal_created'
    and (ended_at is null or ended_at > occurred_at)
