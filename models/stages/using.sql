with signals as (

    select
        person_key,
        left_at as occurred_at,
        'received' as evidence
    from {{ ref('purchasing') }}
    where left_at <= {{ as_of() }} and evidence <> 'subscription_started'
    union all
    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type in ('product_usage', 'onboarding')
    union all
    {# a customer who asks for help has the product, even if its delivery is not recorded yet #}
    select
        person_key,
        entered_at as occurred_at,
        evidence
    from {{ ref('supported') }}

),

using_by_signals as (

    {{ episodes('signals', days=setting('lapse_days')) }}

),

{# a subscriber counts as using the product until the subscription ends #}
using_by_subscription as (

    select
        person_key,
        {{ add_days('occurred_at', setting('purchasing_days')) }} as entered_at,
        ended_at as left_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where event_type = 'subscription_started'

)

select * from using_by_signals
union
select * from using_by_subscription
where
    entered_at <= {{ as_of() }}
    and (left_at is null or left_at > entered_at)
