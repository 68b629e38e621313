{%- set records = [
    ('orders', 'orders', 'order_id'),
    ('orders', 'refunds', 'refund_id'),
    ('crm', 'activities', 'activity_id'),
    ('crm', 'deals', 'deal_id'),
    ('crm', 'quotes', 'quote_id'),
    ('crm', 'subscription_changes', 'subscription_id'),
    ('crm', 'tickets', 'ticket_id'),
] -%}

with accepted_rows as (

    {%- for source_name, table_name, key in records %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        _file_id,
        _row_number,
        {{ key }} as record_id
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }}
    where row_status = 'accepted' and not is_deleted
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

ranked as (

    select
        accepted_rows.source_table,
        accepted_rows.record_id,
        keys.source_rank,
        min(keys.source_rank) over of_key as first_rank,
        {# the smallest id, in case the first source has several records of the key #}
        first_value(accepted_rows.record_id) over (
            partition by keys.source_table, keys.record_key
            order by keys.source_rank, accepted_rows.record_id
        ) as first_id
    from {{ source('private', 'record_keys') }} as keys
    inner join accepted_rows
        on keys.source_table = accepted_rows.source_table
        and keys.file_id = accepted_rows._file_id
        and keys.row_number = accepted_rows._row_number
    window of_key as (partition by keys.source_table, keys.record_key)

),

{# a subscription has a row for each change: all of them are left out, even if only one has the key #}
counted_elsewhere as (

    select
        source_table,
        record_id,
        min(first_id) as kept_id
    from ranked
    where source_rank > first_rank
    group by source_table, record_id

)

select
    accepted_rows.source_table,
    accepted_rows._file_id,
    accepted_rows._row_number,
    accepted_rows.record_id,
    counted_elsewhere.kept_id
from accepted_rows
inner join counted_elsewhere
    on accepted_rows.source_table = counted_elsewhere.source_table
    and accepted_rows.record_id = counted_elsewhere.record_id
