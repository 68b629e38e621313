with staged as (

    {%- for source_name, table_name in staged_tables() %}
    select
        '{{ source_name }}.{{ table_name }}' as source_table,
        count(*) as rows_in,
        count(*) filter (where row_status = 'accepted') as accepted,
        count(*) filter (where row_status = 'duplicate' and row_reason = 'exact') as duplicates_exact,
        count(*) filter (where row_status = 'duplicate' and row_reason = 'superseded') as duplicates_superseded,
        count(*) filter (where row_status = 'quarantined') as quarantined,
        count(*) filter (where row_status = 'deferred') as deferred
    from {{ ref('stg_' ~ source_name ~ '__' ~ table_name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

landed as (

    {%- for source_name, table_name in staged_tables() %}
    select '{{ source_name }}.{{ table_name }}' as source_table, count(*) as rows_in
    from {{ source(source_name, table_name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

rejects as (

    select
        source_table,
        count(*) filter (where row_status = 'quarantined') as quarantined,
        count(*) filter (where row_status = 'deferred') as deferred
    from {{ ref('int_integrity_rejects') }}
    group by source_table

),

erased as (

    select
        source_table,
        sum(row_count) as erased
    from {{ source('private', 'erased_rows') }}
    group by source_table

),

exports as (

    select
        source_table,
        cast(sum(row_count) as bigint) as export_rows
    from {{ source('private', 'export_rows') }}
    group by source_table

)

select
    landed.source_table,
    landed.rows_in + cast(coalesce(erased.erased, 0) as bigint) as rows_in,
    staged.accepted - coalesce(rejects.quarantined, 0) - coalesce(rejects.deferred, 0) as accepted,
    staged.duplicates_exact + staged.duplicates_superseded as duplicates,
    staged.duplicates_exact,
    staged.duplicates_superseded,
    staged.quarantined + coalesce(rejects.quarantined, 0) as quarantined,
    staged.deferred + coalesce(rejects.deferred, 0) as deferred,
    cast(coalesce(erased.erased, 0) as bigint) as erased,
    exports.export_rows
from landed
inner join staged on landed.source_table = staged.source_table
left join rejects on landed.source_table = rejects.source_table
left join erased on landed.source_table = erased.source_table
left join exports on landed.source_table = exports.source_table
