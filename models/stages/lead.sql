with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type in (
            'form_submission', 'free_trial_signup', 'demo_request', 'quote_request', 'consultation_request',
            'visit_store', 'visit_seminar', 'visit_hotline', 'visit_event', 'social_message'
        )
        or (event_type in ('call', 'chat') and coalesce(direction, 'inbound') = 'inbound')

)

{{ episodes('signals', days=setting('lead_cold_days')) }}
