with renewals as (

    select
        person_key,
        occurred_at as entered_at,
        ended_at as left_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type = 'subscription_renewed' and amount > 0

)

select distinct * from renewals
where left_at is null or left_at > entered_at
