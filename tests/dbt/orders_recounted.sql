-- Recounts net revenue from the orders as the shop sent them, in their own currency. Tax left in, the rate of another day, a test order or
-- an internal one would raise every KPI at once, and no sum over the marts would show it.
with stated as (

    select
        orders.*,
        status_map.order_status
    from {{ accepted('orders', 'orders') }} as orders
    inner join {{ ref('order_status_map') }} as status_map on orders.status = status_map.raw_status

),

rated as (

    select
        stated.order_id,
        max_by(rates.rate_to_reporting, rates.rate_date) as rate
    from stated
    inner join {{ accepted('finance', 'exchange_rates') }} as rates
        on stated.currency = rates.currency
        and {{ reporting_date('stated.ordered_at') }} >= rates.rate_date
    where stated.currency <> '{{ setting('reporting_currency') }}'
    group by stated.order_id

),

colleagues as (

    select contact_id from {{ accepted('crm', 'contacts') }}
    where is_internal

)

select coalesce(stated.order_id, orders.order_id) as order_id
from stated
full outer join {{ ref('fct_orders') }} as orders on stated.order_id = orders.order_id
left join rated on stated.order_id = rated.order_id
left join colleagues on stated.contact_id = colleagues.contact_id
where
    stated.order_id is null
    or orders.order_id is null
    or orders.total_amount <> {{ to_reporting_currency('stated.total_amount', 'rated.rate') }}
    or orders.tax_amount <> {{ to_reporting_currency('coalesce(stated.tax_amount, 0)', 'rated.rate') }}
    or orders.shipping_amount <> {{ to_reporting_currency('coalesce(stated.shipping_amount, 0)', 'rated.rate') }}
    or orders.net_before_refunds <> orders.total_amount - orders.tax_amount - orders.shipping_amount
    or orders.is_test <> coalesce(stated.is_test, false)
    or (colleagues.contact_id is not null and not orders.is_internal)
    or orders.is_conversion <> (
        stated.order_status not in ('pending', 'cancelled') and not coalesce(stated.is_test, false) and not orders.is_internal
    )
    or orders.net_revenue <> case
        when orders.is_conversion and stated.order_status <> 'returned' then orders.net_before_refunds - orders.refunded_net
        else 0
    end
    or orders.is_on_time is distinct from case
        {# of a promised day any time is in time #}
        when not orders.is_test and not orders.is_internal and {{ is_whole_day('stated.promised_delivery_at') }}
            then {{ reporting_date('stated.delivered_at') }} <= {{ reporting_date('stated.promised_delivery_at') }}
        when not orders.is_test and not orders.is_internal then not stated.delivered_at > stated.promised_delivery_at
    end
