{#- the refund of an order that counts in another source is booked on the order there -#}
{%- set order_id = kept_id('kept_orders', 'refunds.order_id') -%}

with orders as (

    select * from {{ ref('int_orders') }}

),

refunds as (

    select
        refunds.refund_id,
        {{ order_id }} as order_id,
        refunds.refunded_at,
        refunds.amount,
        orders.net_of_total,
        orders.total_amount,
        {# converted at the rate of the order or, if the refund is in another currency, at the rate of the refund's day #}
        cast(coalesce(
            case
                when refunds.currency <> coalesce(orders.currency, '{{ setting('reporting_currency') }}') then rates.rate
                else orders.rate
            end, 1
        ) as decimal(19, 12)) as rate
    from {{ accepted('orders', 'refunds') }} as refunds
    {{ join_kept('kept_orders', 'orders.orders', 'refunds.order_id') }}
    left join orders on {{ order_id }} = orders.order_id
    {{ join_exchange_rates('refunds.currency', reporting_date('refunds.refunded_at')) }}

),

{# running total of the order's refunds in the reporting currency, not rounded yet #}
summed as (

    select
        *,
        sum(amount * rate) over (
            partition by order_id
            order by refunded_at, refund_id
            rows between unbounded preceding and current row
        ) as amount_so_far
    from refunds

)

select
    refund_id,
    order_id,
    refunded_at,
    order_id is not null as is_linked,
    {{ to_reporting_currency('amount', 'rate') }} as refund_amount,
    {# rounded running total minus the one before, so that the rounded parts add up to the rounded total #}
    cast(
        {{ refunded_net('amount_so_far', 'net_of_total', 'total_amount') }}
        - {{ refunded_net('(amount_so_far - amount * rate)', 'net_of_total', 'total_amount') }}
        as decimal(18, 4)
    ) as refunded_net
from summed
