with candidates as (

    {%- for table_name, key in [('orders', 'order_id'), ('refunds', 'refund_id')] %}
    select
        'orders.{{ table_name }}' as source_table,
        staged._file_id,
        staged._row_number,
        staged.{{ key }} as record_id,
        keys.record_key,
        keys.source_rank
    from {{ source('private', 'record_keys') }} as keys
    inner join {{ ref('stg_orders__' ~ table_name) }} as staged
        on keys.file_id = staged._file_id and keys.row_number = staged._row_number
    where keys.source_table = 'orders.{{ table_name }}' and staged.row_status = 'accepted' and not staged.is_deleted
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

ranked as (

    select
        *,
        min(source_rank) over (partition by source_table, record_key) as first_rank,
        {# the smallest id, in case the first source has several records of the key #}
        first_value(record_id) over (partition by source_table, record_key order by source_rank, record_id) as kept_id
    from candidates

)

select
    source_table,
    _file_id,
    _row_number,
    record_id,
    kept_id
from ranked
where source_rank > first_rank
