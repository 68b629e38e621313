with customer_episodes as (

    select * from {{ ref('customer') }}

),

departures as (

    select
        person_key,
        left_at as churned_at,
        max(case when evidence = 'subscription_started' then 'subscription_cancelled' else 'lapsed' end) as evidence
    from customer_episodes
    where left_at <= {{ as_of() }}
    group by person_key, left_at

)

select
    departures.person_key,
    departures.churned_at as entered_at,
    min(case when customer_episodes.entered_at > departures.churned_at then customer_episodes.entered_at end) as left_at,
    departures.evidence
from departures
inner join customer_episodes on departures.person_key = customer_episodes.person_key
group by departures.person_key, departures.churned_at, departures.evidence
{# a person with another open episode as customer, such as a second subscription, has not churned #}
having
    not bool_or(
        customer_episodes.entered_at <= departures.churned_at
        and (customer_episodes.left_at is null or customer_episodes.left_at > departures.churned_at)
    )
