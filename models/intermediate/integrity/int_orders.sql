{%- set discount = 'cast(orders.discount_amount as double) * coalesce(cast(rates.rate as double), 1)' -%}

with purchase_events as (

    select
        {{ kept_id('kept_orders', 'events.order_id') }} as order_id,
        {{ reporting_date('events.occurred_at') }} as purchased_date,
        min(events.occurred_at) as purchased_at
    from {{ accepted('web', 'events') }} as events
    {{ join_kept('kept_orders', 'orders.orders', 'events.order_id') }}
    where events.order_id is not null and events.event_name = 'purchase'
    group by {{ kept_id('kept_orders', 'events.order_id') }}, {{ reporting_date('events.occurred_at') }}

),

orders as (

    select
        orders.*,
        {{ reporting_date('orders.ordered_at') }} as ordered_date,
        purchase_events.purchased_at,
        status_map.order_status
    from {{ accepted('orders', 'orders') }} as orders
    inner join {{ ref('order_status_map') }} as status_map on orders.status = status_map.raw_status
    left join purchase_events
        on orders.order_id = purchase_events.order_id
        and {{ is_whole_day('orders.ordered_at') }}
        and {{ reporting_date('orders.ordered_at') }} = purchase_events.purchased_date

),

converted as (

    select
        orders.*,
        rates.rate,
        {{ to_reporting_currency('orders.total_amount') }} as total_revenue,
        {{ to_reporting_currency('coalesce(orders.tax_amount, 0)') }} as tax,
        {{ to_reporting_currency('coalesce(orders.shipping_amount, 0)') }} as shipping,
        {# null if it is out of range, because an absurd discount is no reason to quarantine an order #}
        try_cast({{ round_double(discount, setting('currency_decimals')) }} as decimal(18, 4)) as discount,
        orders.total_amount - coalesce(orders.tax_amount, 0) - coalesce(orders.shipping_amount, 0) as net_of_total
    from orders
    {{ join_exchange_rates('orders.currency', 'orders.ordered_date') }}

)

select
    converted.order_id,
    converted.contact_id,
    converted.email,
    converted.phone,
    converted.anonymous_id,
    converted.company_id,
    {{ kept_id('kept_deals', 'converted.deal_id') }} as deal_id,
    {{ kept_id('kept_subscriptions', 'converted.subscription_id') }} as subscription_id,
    {# many exports know the day of an order alone; its own purchase event on that day knows the time #}
    coalesce(converted.purchased_at, converted.ordered_at) as ordered_at,
    converted.ordered_date,
    converted.order_status,
    coalesce(converted.sales_channel, 'unknown') as sales_channel,
    converted.payment_method,
    converted.promised_delivery_at,
    converted.delivered_at,
    coalesce(converted.is_test, false) as is_test,
    converted.currency,
    converted.rate,
    converted.total_amount,
    converted.net_of_total,
    converted.total_revenue,
    converted.tax,
    converted.shipping,
    converted.discount,
    cast(converted.total_revenue - converted.tax - converted.shipping as decimal(18, 4)) as net_before_refunds
from converted
{{ join_kept('kept_deals', 'crm.deals', 'converted.deal_id') }}
{{ join_kept('kept_subscriptions', 'crm.subscription_changes', 'converted.subscription_id') }}
