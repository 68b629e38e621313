{%- set priced = [
    ('orders', 'orders', ['total_amount', 'tax_amount', 'shipping_amount'], reporting_date('ordered_at')),
    ('crm', 'deals', ['amount'], reporting_date('created_at')),
    ('crm', 'quotes', ['amount'], reporting_date('quoted_at')),
    ('crm', 'subscription_changes', ['mrr'], reporting_date('changed_at')),
    ('marketing', 'ad_spend', ['cost'], 'spend_date'),
] -%}
{#- factor of the amount besides the rate: MRR is multiplied by the contracted months -#}
{%- set factors = {'subscription_changes': months_of_term(reporting_date('staged.changed_at'), 'staged.term_end')} -%}
{%- set parents = [
    ('orders', 'orders', 'order_id'),
    ('crm', 'deals', 'deal_id'),
] -%}
{%- set children = [
    ('orders', 'order_items', 'orders', 'order_id'),
    ('orders', 'refunds', 'orders', 'order_id'),
    ('crm', 'deal_changes', 'deals', 'deal_id'),
] -%}
{#- the refund of an order that counts in another source is booked on the order there #}
{%- set parent_ids = {'refunds': kept_id('kept_orders', 'staged.order_id')} -%}

with other_source as (

    select * from {{ ref('int_same_records') }}

),

without_price as (

    {%- for source_name, table_name, amounts, day in priced %}
    {#- it is enough to check the sum of the amounts, because no amount derived from them by subtraction is greater -#}
    {%- set amount -%}
        {%- for name in amounts -%}coalesce(cast(staged.{{ name }} as double), 0){{ ' + ' if not loop.last }}{%- endfor -%}
    {%- endset %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        staged._file_id,
        staged._row_number,
        case when {{ lacks_exchange_rate('staged.currency') }} then 'no_exchange_rate' else 'amount_out_of_range' end as row_reason
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    {{ join_exchange_rates('staged.currency', day) }}
    where
        staged.row_status = 'accepted'
        and (
            {{ lacks_exchange_rate('staged.currency') }}
            or not {{ fits_money('(' ~ amount ~ ') * coalesce(cast(rates.rate as double), 1) * ' ~ factors.get(table_name, 1)) }}
        )
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

parents as (

    {%- for source_name, table_name, key in parents %}
    select
        '{{ table_name }}' as parent_table,
        staged.{{ key }} as parent_id,
        max(case when staged.row_status = 'accepted' then coalesce(staged.currency, '{{ setting('reporting_currency') }}') end) as currency,
        max(case when staged.row_status = 'accepted' then rates.rate end) as rate,
        bool_or(
            staged.row_status = 'accepted' and not staged.is_deleted and without_price.source_table is null
            and other_source.source_table is null
        ) as is_accepted,
        bool_or(other_source.source_table is not null) as is_of_other_source,
        bool_or(staged.row_status = 'accepted' and staged.is_deleted) as is_deleted,
        bool_or(staged.row_status = 'deferred') as is_deferred
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    left join without_price
        on without_price.source_table = '{{ source_name }}.{{ table_name }}'
        and staged._file_id = without_price._file_id
        and staged._row_number = without_price._row_number
    left join other_source
        on other_source.source_table = '{{ source_name }}.{{ table_name }}'
        and staged._file_id = other_source._file_id
        and staged._row_number = other_source._row_number
    {{ join_exchange_rates('staged.currency', reporting_date('staged.ordered_at' if table_name == 'orders' else 'staged.created_at')) }}
    where staged.{{ key }} is not null
    group by staged.{{ key }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

orphans as (

    {%- for source_name, table_name, parent_table, key in children %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        staged._file_id,
        staged._row_number,
        case
            when parents.is_of_other_source then 'duplicate'
            when parents.is_deferred then 'deferred'
            else 'quarantined'
        end as row_status,
        case
            when parents.is_of_other_source then 'other_source'
            when parents.parent_id is null then 'unknown_{{ key }}'
            when parents.is_deleted then 'deleted_parent'
            when not parents.is_deferred then 'quarantined_parent'
        end as row_reason
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    {%- if table_name == 'refunds' %}
    {{ join_kept('kept_orders', 'orders.orders', 'staged.order_id') }}
    {%- endif %}
    left join parents
        on parents.parent_table = '{{ parent_table }}'
        and {{ parent_ids.get(table_name, 'staged.' ~ key) }} = parents.parent_id
    where
        staged.row_status = 'accepted'
        and staged.{{ key }} is not null
        and not coalesce(parents.is_accepted, false)
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{#
    accepted rows with the currency that applies to their amounts: their own (refunds only), else that of the parent, else the reporting
    currency. Rows whose parent does not count are in orphans
#}
{%- for source_name, table_name, parent_table, key in children %}
{%- set own_currency = 'staged.currency' if table_name == 'refunds' else 'cast(null as string)' %}

{{ table_name }} as (

    select
        staged._file_id,
        staged._row_number,
        {%- if table_name == 'refunds' %}
        staged.amount,
        staged.refund_id,
        {{ parent_ids.refunds }} as order_id,
        staged.refunded_at,
        {%- endif %}
        staged.ambiguous_amount,
        coalesce({{ own_currency }}, parents.currency, '{{ setting('reporting_currency') }}') as currency,
        coalesce({{ own_currency }} <> coalesce(parents.currency, '{{ setting('reporting_currency') }}'), false) as has_own_currency,
        parents.rate as parent_rate
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    {%- if table_name == 'refunds' %}
    {{ join_kept('kept_orders', 'orders.orders', 'staged.order_id') }}
    {%- endif %}
    left join parents
        on parents.parent_table = '{{ parent_table }}'
        and {{ parent_ids.get(table_name, 'staged.' ~ key) }} = parents.parent_id
    left join other_source
        on other_source.source_table = '{{ source_name }}.{{ table_name }}'
        and staged._file_id = other_source._file_id
        and staged._row_number = other_source._row_number
    where
        staged.row_status = 'accepted'
        and other_source.source_table is null
        and (staged.{{ key }} is null or parents.is_accepted)

),
{%- endfor %}

unread as (

    {%- for source_name, table_name, parent_table, key in children %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        _file_id,
        _row_number,
        'ambiguous_' || ambiguous_amount as row_reason
    from {{ table_name }}
    where ambiguous_amount is not null and {{ is_without_decimals('currency') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# the running total of an order's refunds must be in the range of amounts, too #}
priced_refunds as (

    select
        _file_id,
        _row_number,
        lacks_rate,
        sum(amount) over (
            partition by order_id
            order by refunded_at, refund_id
            rows between unbounded preceding and current row
        ) as amount_so_far
    from (
        select
            refunds._file_id,
            refunds._row_number,
            refunds.refund_id,
            refunds.refunded_at,
            coalesce(refunds.order_id, refunds.refund_id) as order_id,
            refunds.has_own_currency and {{ lacks_exchange_rate('refunds.currency') }} as lacks_rate,
            cast(refunds.amount as double)
            * coalesce(cast(case when refunds.has_own_currency then rates.rate else refunds.parent_rate end as double), 1) as amount
        from refunds
        left join unread
            on unread.source_table = 'orders.refunds'
            and refunds._file_id = unread._file_id
            and refunds._row_number = unread._row_number
        {{ join_exchange_rates('refunds.currency', reporting_date('refunds.refunded_at')) }}
        where unread.source_table is null
    )

),

refunds_without_price as (

    select
        'orders.refunds' as source_table,
        _file_id,
        _row_number,
        case
            when lacks_rate then 'no_exchange_rate'
            else 'amount_out_of_range'
        end as row_reason
    from priced_refunds
    where lacks_rate or not {{ fits_money('amount_so_far') }}

)

select
    source_table,
    _file_id,
    _row_number,
    'duplicate' as row_status,
    'other_source' as row_reason
from other_source
{%- for rejects in ['orphans', 'without_price', 'unread', 'refunds_without_price'] %}
union all
select
    rejects.source_table,
    rejects._file_id,
    rejects._row_number,
    {{ 'rejects.row_status' if rejects == 'orphans' else "'quarantined' as row_status" }},
    rejects.row_reason
from {{ rejects }} as rejects
left join other_source
    on rejects.source_table = other_source.source_table
    and rejects._file_id = other_source._file_id
    and rejects._row_number = other_source._row_number
where other_source.source_table is null
{%- endfor %}
