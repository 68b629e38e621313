with landed as (

    {%- for source_name, table_name in staged_tables() %}
    select '{{ source_name }}.{{ table_name }}' as source_table, count(*) as rows_in
    from {{ source(source_name, table_name) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

judged as (

    select
        source_table,
        sum(accepted) as accepted,
        sum(duplicates_exact) as duplicates_exact,
        sum(duplicates_superseded) as duplicates_superseded,
        sum(duplicates_other_source) as duplicates_other_source,
        sum(quarantined) as quarantined,
        sum(deferred) as deferred
    from {{ ref('int_landed_rows') }}
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
        sum(export_rows) as export_rows
    from {{ ref('audit_sources') }}
    group by source_table

)

select
    landed.source_table,
    landed.rows_in + cast(coalesce(erased.erased, 0) as bigint) as rows_in,
    cast(coalesce(judged.accepted, 0) as bigint) as accepted,
    cast(coalesce(judged.duplicates_exact + judged.duplicates_superseded + judged.duplicates_other_source, 0) as bigint)
        as duplicates,
    cast(coalesce(judged.duplicates_exact, 0) as bigint) as duplicates_exact,
    cast(coalesce(judged.duplicates_superseded, 0) as bigint) as duplicates_superseded,
    cast(coalesce(judged.duplicates_other_source, 0) as bigint) as duplicates_other_source,
    cast(coalesce(judged.quarantined, 0) as bigint) as quarantined,
    cast(coalesce(judged.deferred, 0) as bigint) as deferred,
    cast(coalesce(erased.erased, 0) as bigint) as erased,
    cast(exports.export_rows as bigint) as export_rows
from landed
left join judged on landed.source_table = judged.source_table
left join erased on landed.source_table = erased.source_table
left join exports on landed.source_table = exports.source_table
