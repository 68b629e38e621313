{%- set columns = [
    'total_amount', 'pending_or_cancelled', 'test_or_internal', 'tax', 'shipping', 'returned', 'refunded', 'net_revenue',
] -%}

with orders as (

    select
        *,
        {{ month_of('ordered_date') }} as month_start
    from {{ ref('fct_orders') }}

),

order_sums as (

    select
        month_start,
        sum(total_amount) as total_amount,
        sum(case when order_status in ('pending', 'cancelled') then total_amount else 0 end) as pending_or_cancelled,
        sum(case when order_status not in ('pending', 'cancelled') and not is_conversion then total_amount else 0 end)
            as test_or_internal,
        sum(case when is_conversion then tax_amount else 0 end) as tax,
        sum(case when is_conversion then shipping_amount else 0 end) as shipping,
        sum(case when is_conversion and order_status = 'returned' then net_before_refunds else 0 end) as returned,
        sum(case when is_conversion and order_status <> 'returned' then refunded_net else 0 end) as refunded,
        sum(net_revenue) as net_revenue
    from orders
    group by month_start

),

{# refunds that reduce no net revenue #}
other_refunds as (

    select
        {{ month_of('refunded_date') }} as month_start,
        sum(case when not is_linked then refund_amount else 0 end) as unlinked_refunds,
        sum(case when is_linked then refund_amount else 0 end) as refunds_without_revenue
    from {{ ref('fct_refunds') }}
    where not has_revenue
    group by {{ month_of('refunded_date') }}

),

{# quarantined amounts that are readable; rows without an exchange rate are left out, because their value is unknown #}
quarantined_rows as (

    select
        staged.ordered_at as happened_at,
        {{ readable_amount('staged.total_amount') }} as amount
    from {{ ref('stg_orders__orders') }} as staged
    {{ join_exchange_rates('staged.currency', reporting_date('staged.ordered_at')) }}
    where staged.row_status = 'quarantined' and not {{ lacks_exchange_rate('staged.currency') }}
    union all
    select
        staged.refunded_at as happened_at,
        -{{ readable_amount('staged.amount') }} as amount
    from {{ ref('stg_orders__refunds') }} as staged
    {{ join_exchange_rates('staged.currency', reporting_date('staged.refunded_at')) }}
    left join {{ ref('int_integrity_rejects') }} as rejects
        on rejects.source_table = 'orders.refunds'
        and rejects.row_status = 'quarantined'
        and staged._file_id = rejects._file_id
        and staged._row_number = rejects._row_number
    where
        (staged.row_status = 'quarantined' or rejects.source_table is not null)
        and not {{ lacks_exchange_rate('staged.currency') }}

),

{# rows without a time, or dated before earliest_date, are booked in the month of as-of #}
quarantined as (

    select
        {{ month_of(reporting_date('case when happened_at >= ' ~ earliest() ~ ' then happened_at else ' ~ as_of() ~ ' end')) }}
            as month_start,
        sum(amount) as quarantined
    from quarantined_rows
    group by all

),

months as (

    select month_start from order_sums
    union
    select month_start from other_refunds
    union
    select month_start from quarantined

)

select
    months.month_start,
    {%- for column in columns %}
    cast(coalesce(order_sums.{{ column }}, 0) as decimal(28, 4)) as {{ column }},
    {%- endfor %}
    cast(-coalesce(other_refunds.unlinked_refunds, 0) as decimal(28, 4)) as unlinked_refunds,
    cast(-coalesce(other_refunds.refunds_without_revenue, 0) as decimal(28, 4)) as refunds_without_revenue,
    cast(coalesce(quarantined.quarantined, 0) as decimal(28, 4)) as quarantined
from months
left join order_sums on months.month_start = order_sums.month_start
left join other_refunds on months.month_start = other_refunds.month_start
left join quarantined on months.month_start = quarantined.month_start
