with signals as (

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
    where
        event_type not in (
            'contact_created', 'email_sent', 'email_delivered', 'email_bounced', 'email_unsubscribed', 'email_complained'
        )

),

{# a known person stays aware for good, because the company can contact them again; an unknown visitor only for a limited time #}
known_persons as (

    select signals.*
    from signals
    inner join {{ ref('int_persons') }} as persons on signals.person_key = persons.person_key
    where persons.is_known

),

unknown_visitors as (

    select signals.*
    from signals
    inner join {{ ref('int_persons') }} as persons on signals.person_key = persons.person_key
    where not persons.is_known and persons.person_key <> 0

),

known_episodes as (

    {{ episodes('known_persons') }}

),

unknown_episodes as (

    {{ episodes('unknown_visitors', days=setting('interest_days')) }}

)

select * from known_episodes
union all
select * from unknown_episodes
