with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type in ('demo_request', 'quote_request', 'consultation_request')

)

{{ episodes('signals', days=setting('lead_cold_days')) }}
