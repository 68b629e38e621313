with customers as (

    select
        person_key,
        min(entered_at) as customer_since
    from {{ ref('customer') }}
    group by person_key

),

signals as (

    select
        events.person_key,
        events.occurred_at,
        events.event_type as evidence
    from {{ ref('int_person_events') }} as events
    inner join customers
        on events.person_key = customers.person_key
        and events.occurred_at >= customers.customer_since
    where events.event_type in ('review', 'survey_response')

)

{{ episodes('signals', days=setting('feedback_days')) }}
