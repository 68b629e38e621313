with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type = 'contact_created'

)

{{ episodes('signals') }}
