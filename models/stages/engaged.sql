with signals as (

    {# dated at the end of the session, because only then is it known to be engaged #}
    select
        person_key,
        ended_at as occurred_at,
        'engaged_session' as evidence
    from {{ ref('int_session_persons') }}
    where is_engaged and is_human
    union all
    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type in (
            'email_clicked', 'social_like', 'social_comment', 'social_message', 'social_share', 'social_mention',
            'content_download', 'visit_seminar', 'visit_event'
        )

)

{{ episodes('signals', days=setting('interest_days')) }}
