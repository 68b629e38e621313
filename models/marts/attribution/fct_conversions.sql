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
        company_id
    from orders

),

events as (

    select
        events.*,
        persons.person_id
    from {{ ref('int_person_events') }} as events
    inner join {{ ref('int_persons') }} as persons on events.person_key = persons.person_key
    where events.event_type in ('deal_won', 'subscription_started')

),

linked_orders as (

    select
        'deal_won' as conversion_type,
        deal_id as source_id,
        sum(net_revenue) as revenue
    from orders
    where deal_id is not null
    group by deal_id
    union all
    select
        'subscription_started' as conversion_type,
        subscription_id as source_id,
        sum(net_revenue) as revenue
    from orders
    where subscription_id is not null
    group by subscription_id

),

subscription_starts as (

    select
        change_id,
        subscription_id,
        company_id,
        row_number() over (partition by subscription_id order by changed_at, change_id) as start_number,
        greatest(1, (year(term_end) - year(changed_at)) * 12 + month(term_end) - month(changed_at)) as term_months
    from {{ accepted('crm', 'subscription_changes') }} as changes
    where change_type = 'started'

),

contract_conversions as (

    select
        events.event_type as conversion_type,
        events.source_id,
        events.person_id,
        events.occurred_at as converted_at,
        {# the orders that fulfil a contract carry their part of its value themselves #}
        cast(greatest(
            0,
            coalesce(events.amount, 0) * coalesce(starts.term_months, 1)
            - case when coalesce(starts.start_number, 1) = 1 then coalesce(linked_orders.revenue, 0) else 0 end
        ) as decimal(18, 4)) as revenue,
        cast(null as string) as order_id,
        coalesce(starts.company_id, deals.company_id) as company_id
    from events
    left join subscription_starts as starts
        on events.event_type = 'subscription_started'
        and events.source_id = starts.change_id
    left join {{ accepted('crm', 'deals') }} as deals
        on events.event_type = 'deal_won'
        and events.source_id = deals.deal_id
    left join linked_orders
        on events.event_type = linked_orders.conversion_type
        and coalesce(starts.subscription_id, events.source_id) = linked_orders.source_id

),

stage_conversions as (

    select
        types.conversion_type,
        persons.person_id as source_id,
        persons.person_id,
        min(stages.entered_at) as converted_at,
        cast(0 as decimal(18, 4)) as revenue,
        cast(null as string) as order_id,
        cast(null as string) as company_id
    from {{ ref('int_primary_stages') }} as stages
    inner join {{ ref('framework_stage_definitions') }} as definitions
        on definitions.framework = '{{ setting('primary_framework') }}'
        and stages.stage = definitions.stage
    inner join {{ ref('conversion_types') }} as types on definitions.definition = types.stage_definition
    inner join {{ ref('int_persons') }} as persons on stages.person_key = persons.person_key
    group by types.conversion_type, persons.person_id

),

conversions as (

    select * from order_conversions
    union all
    select * from contract_conversions
    union all
    select * from stage_conversions

)

{# the seed decides what converts: a type that a company takes out of it is no conversion #}
select
    {{ keyed_hash(["'conversion'", 'conversions.conversion_type', 'conversions.source_id']) }} as conversion_id,
    conversions.person_id,
    {# a deal or subscription of a company without a contact still is that company's #}
    coalesce(conversions.company_id, persons.company_id, 'unknown') as company_id,
    conversions.conversion_type,
    conversions.converted_at,
    {{ reporting_date('conversions.converted_at') }} as converted_date,
    conversions.revenue,
    conversions.order_id
from conversions
inner join {{ ref('conversion_types') }} as types on conversions.conversion_type = types.conversion_type
left join {{ ref('dim_persons') }} as persons on conversions.person_id = persons.person_id
{{ in_order_of('conversions.person_id, conversions.converted_at, conversions.conversion_type') }}
