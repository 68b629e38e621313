with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type = 'referral'
        or (event_type in ('social_share', 'social_mention') and coalesce(amount, 0) >= 0)

)

{{ episodes('signals', days=setting('evangelist_days')) }}
