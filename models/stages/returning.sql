with visits as (

    select
        person_key,
        started_at as occurred_at,
        'web_session' as evidence
    from {{ ref('int_session_persons') }}
    where is_human
    union all
    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type in ('product_usage', 'visit_store', 'visit_seminar', 'visit_event', 'email_clicked')

),

first_visits as (

    select
        *,
        min(occurred_at) over (partition by person_key) as first_visited_at
    from visits

),

signals as (

    select
        person_key,
        occurred_at,
        evidence
    from first_visits
    where occurred_at >= {{ add_days('first_visited_at', setting('returning_after_days')) }}

)

{{ episodes('signals', days=setting('interest_days')) }}
