-- The value of a won deal or a subscription is its amount less the revenue of its own orders. Counted in both, revenue would be counted
-- twice.
with ordered as (

    select
        'deal_won' as conversion_type,
        deal_id as contract_id,
        sum(net_revenue) as net_revenue
    from {{ ref('fct_orders') }}
    where is_conversion and deal_id is not null
    group by deal_id
    union all
    select
        'subscription_started' as conversion_type,
        subscription_id as contract_id,
        sum(net_revenue) as net_revenue
    from {{ ref('fct_orders') }}
    where is_conversion and subscription_id is not null
    group by subscription_id

),

{# a subscription that started once: all its orders belong to that start #}
begun_once as (

    select
        subscription_id,
        max(change_id) as change_id,
        max(mrr_after * {{ months_of_term('changed_date', 'term_end') }}) as contract_value
    from {{ ref('fct_subscription_changes') }}
    where is_payment_start and not is_plan_change
    group by subscription_id
    having count(*) = 1

),

contracts as (

    select
        'deal_won' as conversion_type,
        deal_id as contract_id,
        deal_id as source_id,
        coalesce(amount, 0) as contract_value
    from {{ ref('fct_deals') }}
    where status = 'won'
    union all
    select
        'subscription_started' as conversion_type,
        subscription_id as contract_id,
        change_id as source_id,
        contract_value
    from begun_once

)

select conversions.conversion_id
from contracts
inner join {{ ref('fct_conversions') }} as conversions
    on {{ keyed_hash(["'conversion'", 'contracts.conversion_type', 'contracts.source_id']) }} = conversions.conversion_id
left join ordered
    on contracts.conversion_type = ordered.conversion_type
    and contracts.contract_id = ordered.contract_id
where conversions.revenue <> cast(greatest(0, contracts.contract_value - coalesce(ordered.net_revenue, 0)) as decimal(18, 4))
