select
    person_key,
    ordered_at as entered_at,
    {# purchases in a store have no delivery date #}
    case
        when delivered_at > ordered_at then delivered_at
        else {{ add_days('ordered_at', setting('purchasing_days')) }}
    end as left_at,
    'order' as evidence
from {{ ref('int_order_persons') }}
where is_conversion
union
select
    person_key,
    occurred_at as entered_at,
    {{ add_days('occurred_at', setting('purchasing_days')) }} as left_at,
    event_type as evidence
from {{ ref('int_person_events') }}
where event_type in ('deal_won', 'subscription_started')
