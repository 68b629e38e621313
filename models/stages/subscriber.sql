with signals as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type in ('newsletter_signup', 'content_download', 'web_signup', 'web_form_submitted', 'social_follow', 'social_like')

),

unsubscriptions as (

    select
        person_key,
        occurred_at
    from {{ ref('int_person_events') }}
    where event_type in ('email_unsubscribed', 'email_complained')

)

select
    signals.person_key,
    signals.occurred_at as entered_at,
    min(unsubscriptions.occurred_at) as left_at,
    signals.evidence
from signals
left join unsubscriptions
    on signals.person_key = unsubscriptions.person_key
    and signals.occurred_at < unsubscriptions.occurred_at
group by signals.person_key, signals.occurred_at, signals.evidence
