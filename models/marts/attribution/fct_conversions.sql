with orders as (

    select
        orders.*,
        persons.person_id
    from {{ ref('int_order_persons') }} as orders
    inner join {{ ref('int_persons') }} as persons on orders.person_key = persons.person_key
    where orders.is_conversion

),

order_conversions as (

    select
        'order' as conversion_type,
        order_id as source_id,
        person_id,
        ordered_at as converted_at,
        net_revenue as revenue,
        order_id,
        false as has_orders,
        company_id
    from orders

),

{# a subscription converts each time that payment starts; a change of plan is no start #}
subscription_starts as (

    select
        change_id as source_id,
        subscription_id,
        person_id,
        changed_at as converted_at,
        nullif(company_id, 'unknown') as company_id,
        mrr_after * {{ months_of_term('changed_date', 'term_end') }} as contract_value,
        row_number() over (partition by subscription_id order by changed_at) as start_number,
        lead(changed_at) over (partition by subscription_id order by changed_at) as next_started_at
    from {{ ref('fct_subscription_changes') }}
    where is_payment_start and not is_plan_change

),

won_deals as (

    select
        deals.deal_id as source_id,
        persons.person_id,
        events.occurred_at as converted_at,
        deals.company_id,
        coalesce(events.amount, 0) as contract_value
    from {{ ref('int_person_events') }} as events
    inner join {{ ref('int_persons') }} as persons on events.person_key = persons.person_key
    inner join {{ accepted('crm', 'deals') }} as deals on events.source_id = deals.deal_id
    where events.event_type = 'deal_won'

),

{# orders that fulfil a contract carry part of its value, so it is subtracted: from the last start before the order, else the first #}
contracts as (

    select
        'deal_won' as conversion_type,
        won_deals.source_id,
        won_deals.person_id,
        won_deals.converted_at,
        won_deals.company_id,
        won_deals.contract_value,
        orders.net_revenue as order_revenue
    from won_deals
    left join orders on won_deals.source_id = orders.deal_id
    union all
    select
        'subscription_started' as conversion_type,
        starts.source_id,
        starts.person_id,
        starts.converted_at,
        starts.company_id,
        starts.contract_value,
        orders.net_revenue as order_revenue
    from subscription_starts as starts
    left join orders
        on starts.subscription_id = orders.subscription_id
        and (starts.start_number = 1 or orders.ordered_at >= starts.converted_at)
        and (starts.next_started_at is null or orders.ordered_at < starts.next_started_at)

),

contract_conversions as (

    select
        conversion_type,
        source_id,
        person_id,
        converted_at,
        {# bounded, because order revenue is negative where more was refunded than paid, and the difference could overflow the type #}
        cast(greatest(0, least(contract_value - coalesce(sum(order_revenue), 0), 99999999999999)) as decimal(18, 4)) as revenue,
        cast(null as string) as order_id,
        count(order_revenue) > 0 as has_orders,
        company_id
    from contracts
    group by conversion_type, source_id, person_id, converted_at, company_id, contract_value

),

stage_conversions as (

    select
        stages.conversion_type,
        persons.person_id as source_id,
        persons.person_id,
        stages.converted_at,
        cast(0 as decimal(18, 4)) as revenue,
        cast(null as string) as order_id,
        false as has_orders,
        cast(null as string) as company_id
    from {{ ref('int_stage_conversions') }} as stages
    inner join {{ ref('int_persons') }} as persons on stages.person_key = persons.person_key
    {# internal persons are left out: a colleague who tests a form is no lead #}
    inner join {{ ref('dim_persons') }} as described on persons.person_id = described.person_id
    where not described.is_internal

),

conversions as (

    select * from order_conversions
    union all
    select * from contract_conversions
    union all
    select * from stage_conversions

)

{# seeds/conversion_types.csv decides what is a conversion: a type that is removed from it has no rows #}
select
    {{ keyed_hash(["'conversion'", 'conversions.conversion_type', 'conversions.source_id']) }} as conversion_id,
    conversions.person_id,
    {# the company of the conversion comes first, because a deal or subscription may have no contact #}
    coalesce(conversions.company_id, persons.company_id, 'unknown') as company_id,
    conversions.conversion_type,
    conversions.converted_at,
    {{ reporting_date('conversions.converted_at') }} as converted_date,
    conversions.revenue,
    conversions.order_id,
    conversions.has_orders
from conversions
inner join {{ ref('conversion_types') }} as types on conversions.conversion_type = types.conversion_type
left join {{ ref('dim_persons') }} as persons on conversions.person_id = persons.person_id
{{ in_order_of('conversions.person_id, conversions.converted_at, conversions.conversion_type') }}
