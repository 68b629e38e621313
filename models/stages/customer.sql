with purchases as (

    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type in ('order', 'deal_won')

),

customers_by_purchase as (

    {{ episodes('purchases', days=setting('lapse_days')) }}

),

{# a subscriber is a customer until the subscription ends, however long ago the last payment was #}
customers_by_subscription as (

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

select * from customers_by_purchase
union
select * from customers_by_subscription
