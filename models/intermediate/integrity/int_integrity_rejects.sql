{%- set priced = [
    ('orders', 'orders', 'total_amount', reporting_date('ordered_at')),
    ('crm', 'deals', 'amount', reporting_date('created_at')),
    ('crm', 'quotes', 'amount', reporting_date('quoted_at')),
    ('crm', 'subscription_changes', 'mrr', reporting_date('changed_at')),
    ('marketing', 'ad_spend', 'cost', 'spend_date'),
] -%}
{%- set parents = [
    ('orders', 'orders', 'order_id'),
    ('crm', 'deals', 'deal_id'),
] -%}
{%- set children = [
    ('orders', 'order_items', 'orders', 'order_id'),
    ('orders', 'refunds', 'orders', 'order_id'),
    ('crm', 'deal_changes', 'deals', 'deal_id'),
] -%}

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
        {# what has more than 14 digits in the reporting currency is no price, and fits no money column #}
        and ({{ lacks_exchange_rate('staged.currency') }} or staged.{{ amount }} * coalesce(rates.rate, 1) >= 100000000000000)
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

parents as (

    {%- for source_name, table_name, key in parents %}
    select
        '{{ table_name }}' as parent_table,
        staged.{{ key }} as parent_id,
        bool_or(staged.row_status = 'accepted' and not staged.is_deleted and unpriced.source_table is null) as is_accepted,
        bool_or(staged.row_status = 'accepted' and staged.is_deleted) as is_deleted,
        bool_or(staged.row_status = 'deferred') as is_deferred
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    left join unpriced
        on unpriced.source_table = '{{ source_name }}.{{ table_name }}'
        and staged._file_id = unpriced._file_id
        and staged._row_number = unpriced._row_number
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

)

select
    source_table,
    _file_id,
    _row_number,
    'quarantined' as row_status,
    row_reason
from unpriced
union all
select
    source_table,
    _file_id,
    _row_number,
    row_status,
    row_reason
from orphans
