with purchases as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type in ('order', 'deal_won')

),

bought as (

    {{ episodes('purchases', days=setting('lapse_days')) }}

),

{# who pays by the month is a customer for as long as the subscription runs #}
subscribed as (

    select
        person_key,
        occurred_at as entered_at,
        ended_at as left_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type = 'subscription_started'
        and (ended_at is null or ended_at > occurred_at)

)

select * from bought
union
select * from subscribed
