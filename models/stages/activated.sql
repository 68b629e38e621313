with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type in (
            'web_signup', 'newsletter_signup', 'content_download', 'free_trial_signup', 'onboarding', 'product_usage'
        )

)

{{ episodes('signals', days=setting('lapse_days')) }}
