with customers as (

    select
        person_key,
        min(entered_at) as customer_since
    from {{ ref('customer') }}
    group by person_key

)

select
    tickets.person_key,
    tickets.occurred_at as entered_at,
    min(tickets.ended_at) as left_at,
    tickets.event_type as evidence
from {{ ref('int_person_events') }} as tickets
inner join customers
    on tickets.person_key = customers.person_key
    and tickets.occurred_at >= customers.customer_since
where
    tickets.event_type = 'ticket'
    and (tickets.ended_at is null or tickets.ended_at > tickets.occurred_at)
group by tickets.person_key, tickets.occurred_at, tickets.event_type
