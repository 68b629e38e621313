with customers as (

    select * from {{ ref('customer') }}

),

departures as (

    select
        person_key,
        left_at as churned_at,
        max(case when evidence = 'subscription_started' then 'subscription_cancelled' else 'lapsed' end) as evidence
    from customers
    where left_at <= {{ as_of() }}
    group by person_key, left_at

)

select
    departures.person_key,
    departures.churned_at as entered_at,
    min(case when customers.entered_at > departures.churned_at then customers.entered_at end) as left_at,
    departures.evidence
from departures
inner join customers on departures.person_key = customers.person_key
group by departures.person_key, departures.churned_at, departures.evidence
{# somebody who is still a customer by another purchase has not left #}
having
    not bool_or(
        customers.entered_at <= departures.churned_at
        and (customers.left_at is null or customers.left_at > departures.churned_at)
    )
