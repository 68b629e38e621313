with purchases as (

    select
        person_key,
        occurred_at,
        min({{ reporting_date('occurred_at') }}) over (partition by person_key) as first_purchase_date
    from {{ ref('int_person_events') }}
    where event_type in ('order', 'deal_won')

),

signals as (

    select
        person_key,
        occurred_at,
        'repeat_purchase' as evidence
    from purchases
    where {{ reporting_date('occurred_at') }} > first_purchase_date
    union all
    select
        person_key,
        occurred_at,
        event_type as evidence
    from {{ ref('int_person_events') }}
    where
        event_type in ('loyalty_redeemed', 'loyalty_tier_changed')
        {# a renewal or upgrade at price 0 is a free trial, not a purchase #}
        or (event_type in ('subscription_renewed', 'subscription_upgraded') and amount > 0)

)

{{ episodes('signals', days=setting('lapse_days')) }}
