{%- set priced = [
    ('orders', 'orders', 'total_amount', reporting_date('ordered_at')),
    ('crm', 'deals', 'amount', reporting_date('created_at')),
    ('crm', 'quotes', 'amount', reporting_date('quoted_at')),
    ('crm', 'subscription_changes', 'mrr', reporting_date('changed_at')),
    ('marketing', 'ad_spend', 'cost', 'spend_date'),
] -%}
{#- what a row's amount is multiplied with, beside the rate -#}
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
{#- What has more than 14 digits in the reporting currency is no price, and fits no money column. -#}
{%- set limit = 'cast(100000000000000 as double)' -%}

with unpriced as (

    {%- for source_name, table_name, amount, day in priced %}
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
            or cast(staged.{{ amount }} as double) * coalesce(cast(rates.rate as double), 1)
            * {{ factors.get(table_name, 1) }} >= {{ limit }}
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
        bool_or(staged.row_status = 'accepted' and not staged.is_deleted and unpriced.source_table is null) as is_accepted,
        bool_or(staged.row_status = 'accepted' and staged.is_deleted) as is_deleted,
        bool_or(staged.row_status = 'deferred') as is_deferred
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    left join unpriced
        on unpriced.source_table = '{{ source_name }}.{{ table_name }}'
        and staged._file_id = unpriced._file_id
        and staged._row_number = unpriced._row_number
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
        case when parents.is_deferred then 'deferred' else 'quarantined' end as row_status,
        case
            when parents.parent_id is null then 'unknown_{{ key }}'
            when parents.is_deleted then 'deleted_parent'
            when not parents.is_deferred then 'quarantined_parent'
        end as row_reason
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    left join parents
        on parents.parent_table = '{{ parent_table }}'
        and staged.{{ key }} = parents.parent_id
    where
        staged.row_status = 'accepted'
        and staged.{{ key }} is not null
        and not coalesce(parents.is_accepted, false)
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# what is in the currency of its parent, or of nobody's, and has a parent that counts or none #}
{%- for source_name, table_name, parent_table, key in children %}
{%- set own_currency = 'staged.currency' if table_name == 'refunds' else 'cast(null as string)' %}

{{ table_name }} as (

    select
        staged._file_id,
        staged._row_number,
        {%- if table_name == 'refunds' %}
        staged.amount,
        staged.refunded_at,
        {%- endif %}
        staged.ambiguous_amount,
        coalesce({{ own_currency }}, parents.currency, '{{ setting('reporting_currency') }}') as currency,
        coalesce({{ own_currency }} <> coalesce(parents.currency, '{{ setting('reporting_currency') }}'), false) as has_own_currency,
        parents.rate as parent_rate
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    left join parents
        on parents.parent_table = '{{ parent_table }}'
        and staged.{{ key }} = parents.parent_id
    where
        staged.row_status = 'accepted'
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

unpriced_refunds as (

    select
        'orders.refunds' as source_table,
        refunds._file_id,
        refunds._row_number,
        case
            when refunds.has_own_currency and {{ lacks_exchange_rate('refunds.currency') }} then 'no_exchange_rate'
            else 'amount_out_of_range'
        end as row_reason
    from refunds
    left join unread
        on unread.source_table = 'orders.refunds'
        and refunds._file_id = unread._file_id
        and refunds._row_number = unread._row_number
    {{ join_exchange_rates('refunds.currency', reporting_date('refunds.refunded_at')) }}
    where
        unread.source_table is null
        and (
            (refunds.has_own_currency and {{ lacks_exchange_rate('refunds.currency') }})
            or cast(refunds.amount as double)
            * coalesce(cast(case when refunds.has_own_currency then rates.rate else refunds.parent_rate end as double), 1) >= {{ limit }}
        )

)

select
    source_table,
    _file_id,
    _row_number,
    row_status,
    row_reason
from orphans
{%- for rejects in ['unpriced', 'unread', 'unpriced_refunds'] %}
union all
select
    source_table,
    _file_id,
    _row_number,
    'quarantined' as row_status,
    row_reason
from {{ rejects }}
{%- endfor %}
