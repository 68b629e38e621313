{# a deal that is entered when it is over was no opportunity; two of one moment are one episode #}
select distinct
    person_key,
    occurred_at as entered_at,
    ended_at as left_at,
    event_type as evidence
from {{ ref('int_person_events') }}
where
    event_type = 'deal_created'
    and (ended_at is null or ended_at > occurred_at)
