with staged as (

    {%- for source_name, table_name in staged_tables() %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        _file_id as file_id,
        count(*) filter (where row_status = 'accepted') as accepted,
        count(*) filter (where row_status = 'duplicate' and row_reason = 'exact') as duplicates_exact,
        count(*) filter (where row_status = 'duplicate' and row_reason = 'superseded') as duplicates_superseded,
        count(*) filter (where row_status = 'quarantined') as quarantined,
        count(*) filter (where row_status = 'deferred') as deferred
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }}
    group by _file_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

rejects as (

    select
        source_table,
        _file_id as file_id,
        count(*) filter (where row_status = 'quarantined') as quarantined,
        count(*) filter (where row_status = 'deferred') as deferred,
        count(*) filter (where row_status = 'duplicate') as duplicates_other_source
    from {{ ref('int_integrity_rejects') }}
    group by source_table, _file_id

)

select
    staged.source_table,
    staged.file_id,
    staged.accepted
    - coalesce(rejects.quarantined, 0)
    - coalesce(rejects.deferred, 0)
    - coalesce(rejects.duplicates_other_source, 0) as accepted,
    staged.duplicates_exact,
    staged.duplicates_superseded,
    coalesce(rejects.duplicates_other_source, 0) as duplicates_other_source,
    staged.quarantined + coalesce(rejects.quarantined, 0) as quarantined,
    staged.deferred + coalesce(rejects.deferred, 0) as deferred
from staged
left join rejects on staged.source_table = rejects.source_table and staged.file_id = rejects.file_id
