with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type in (
            'web_add_to_cart', 'web_checkout_started', 'visit_store', 'free_trial_signup', 'demo_request', 'quote_request',
            'consultation_request'
        )

)

{{ episodes('signals', days=setting('interest_days')) }}
