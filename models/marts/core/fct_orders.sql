{%- set covered_revenue = 'cast(orders.net_revenue as double) * coalesce(order_lines.covered_share, 0)' -%}
{#- net revenue of 0 or below carries no cost: a refund above the price is a loss in full -#}
{%- set margin -%}
    cast(orders.net_revenue as double) * order_lines.covered_share
    * case when orders.net_revenue > 0 then 1 - order_lines.cost_ratio when order_lines.cost_ratio is not null then 1 end
{%- endset -%}
{#- a margin too large for the money type: the cost is absurd and counts as unknown -#}
{%- set is_absurd = 'coalesce(not ' ~ fits_money(margin) ~ ', false)' -%}

with orders as (

    select * from {{ shown_texts(ref('int_order_persons'), 'orders.orders', ['sales_channel', 'payment_method']) }} as orders

),

{# covered_share: share of the order's value in lines with a cost. cost_ratio: cost / value of those lines. Negative lines have value 0. #}
order_lines as (

    select
        order_id,
        cast(sum(greatest(item_amount, 0)) filter (where item_cost is not null) as double)
        / nullif(cast(sum(greatest(item_amount, 0)) as double), 0) as covered_share,
        cast(sum(item_cost) as double)
        / nullif(cast(sum(greatest(item_amount, 0)) filter (where item_cost is not null) as double), 0) as cost_ratio,
        sum(discount_amount) as discount
    from {{ ref('fct_order_items') }}
    group by order_id

),

sessions as (

    select * from {{ ref('int_session_persons') }}

),

{# the session in which the order was placed: that of its purchase event, else one of its cookie, else one of its person #}
session_of_event as (

    select
        {{ kept_id('kept_orders', 'session_events.order_id') }} as order_id,
        sessions.session_id,
        row_number() over (
            partition by {{ kept_id('kept_orders', 'session_events.order_id') }}
            order by session_events.occurred_at, session_events.event_id
        ) as choice
    from {{ ref('int_session_events') }} as session_events
    inner join sessions
        on session_events.anonymous_id = sessions.anonymous_id
        and session_events.session_number = sessions.session_number
    {{ join_kept('kept_orders', 'orders.orders', 'session_events.order_id') }}
    where session_events.order_id is not null and session_events.event_name = 'purchase'

),

candidates as (

    select
        orders.order_id,
        sessions.session_id,
        sessions.session_key,
        sessions.started_at,
        0 as preference
    from orders
    inner join sessions
        on orders.anonymous_id = sessions.anonymous_id
        and sessions.started_at <= orders.ordered_at
        and orders.ordered_at <= {{ add_minutes('sessions.ended_at', setting('session_timeout_minutes')) }}
    union all
    select
        orders.order_id,
        sessions.session_id,
        sessions.session_key,
        sessions.started_at,
        1 as preference
    from orders
    inner join sessions
        on orders.person_key = sessions.person_key
        and sessions.started_at <= orders.ordered_at
        and orders.ordered_at <= {{ add_minutes('sessions.ended_at', setting('session_timeout_minutes')) }}

),

session_by_time as (

    select
        order_id,
        session_id,
        row_number() over (partition by order_id order by preference, started_at desc, session_key) as choice
    from candidates

)

select
    orders.order_id,
    persons.person_id,
    coalesce(orders.company_id, 'unknown') as company_id,
    orders.deal_id,
    orders.subscription_id,
    coalesce(session_of_event.session_id, session_by_time.session_id) as session_id,
    orders.ordered_at,
    orders.ordered_date,
    orders.order_status,
    {{ joined_labels('order_status', 'orders.order_status', ranked=true) }},
    orders.sales_channel_shown as sales_channel,
    {{ joined_labels('sales_channel', 'orders.sales_channel_shown') }},
    coalesce(orders.payment_method_shown, 'unknown') as payment_method,
    orders.promised_delivery_at,
    orders.delivered_at,
    orders.is_test,
    orders.is_internal,
    orders.is_conversion,
    case
        when orders.is_conversion
            then row_number() over (
                partition by orders.person_key, orders.is_conversion
                order by orders.ordered_at, orders.order_id
            ) > 1
    end as is_repeat,
    {# no customer waits for a test or internal order #}
    case
        when not orders.is_test and not orders.is_internal
            then not ({{ is_later_than('orders.delivered_at', 'orders.promised_delivery_at') }})
    end as is_on_time,
    orders.total_revenue as total_amount,
    orders.tax as tax_amount,
    orders.shipping as shipping_amount,
    cast(coalesce(orders.discount, try_cast(order_lines.discount as decimal(18, 4)), 0) as decimal(18, 4)) as discount_amount,
    orders.net_before_refunds,
    orders.refunded_net,
    orders.net_revenue,
    case
        when {{ is_absurd }} then cast(0 as decimal(18, 4))
        else cast({{ round_double(covered_revenue, setting('currency_decimals')) }} as decimal(18, 4))
    end as covered_revenue,
    case
        when not {{ is_absurd }} then cast({{ round_double(margin, setting('currency_decimals')) }} as decimal(18, 4))
    end as margin
from orders
inner join {{ ref('int_persons') }} as persons on orders.person_key = persons.person_key
left join order_lines on orders.order_id = order_lines.order_id
left join session_of_event on orders.order_id = session_of_event.order_id and session_of_event.choice = 1
left join session_by_time on orders.order_id = session_by_time.order_id and session_by_time.choice = 1
{{ join_labels('order_status', "'order_status'", 'orders.order_status') }}
{{ join_labels('sales_channel', "'sales_channel'", 'orders.sales_channel_shown') }}
{{ in_order_of('orders.person_key, orders.ordered_at, orders.order_id') }}
