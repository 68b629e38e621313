with refused as (

    {%- for source_name, table_name in staged_tables() %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        staged.row_hash,
        staged._file_id,
        staged._row_number,
        staged.row_reason as reason
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    where staged.row_status = 'quarantined'
    union all
    {%- endfor %}
    {%- for source_and_table in joined_tables() %}
    {%- set source_name, table_name = source_and_table.split('.') %}
    select
        '{{ source_and_table }}' as source_table,
        {{ staged_row_md5('staged', source_name, table_name) }} as row_hash,
        staged._file_id,
        staged._row_number,
        rejects.row_reason as reason
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }} as staged
    inner join {{ ref('int_integrity_rejects') }} as rejects
        on rejects.source_table = '{{ source_and_table }}'
        and staged._file_id = rejects._file_id
        and staged._row_number = rejects._row_number
    where rejects.row_status = 'quarantined'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# identical rows are numbered, so that keys are unique without depending on the file that a row was landed in #}
numbered as (

    select
        *,
        row_number() over (partition by source_table, row_hash, reason order by _file_id, _row_number) as occurrence
    from refused

)

select
    {{ keyed_hash(["'quarantine'", 'source_table', 'row_hash', 'reason', 'occurrence']) }} as row_key,
    source_table,
    reason
from numbered
