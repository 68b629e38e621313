{%- set duplicates = 'counted.duplicates_exact + counted.duplicates_superseded + counted.duplicates_other_source' -%}

with erased as (

    select
        source_table,
        file_id,
        sum(row_count) as erased
    from {{ source('private', 'erased_rows') }}
    group by source_table, file_id

),

-- includes files of which every row was erased, and exports from which no row was taken
files as (

    select source_table, file_id from {{ ref('int_landed_rows') }}
    union distinct
    select source_table, file_id from {{ source('private', 'sources') }}
    union distinct
    select source_table, file_id from erased

),

named as (

    select
        files.source_table,
        files.file_id,
        coalesce({{ masked('sources.source') }}, 'files') as source,
        sources.export_rows
    from files
    left join {{ source('private', 'sources') }} as sources on files.file_id = sources.file_id

)

select
    named.source_table,
    named.source,
    cast(
        sum(
            coalesce(counted.accepted, 0)
            + coalesce({{ duplicates }}, 0)
            + coalesce(counted.quarantined + counted.deferred, 0)
            + coalesce(erased.erased, 0)
        ) as bigint
    ) as rows_in,
    cast(sum(coalesce(counted.accepted, 0)) as bigint) as accepted,
    cast(sum(coalesce({{ duplicates }}, 0)) as bigint) as duplicates,
    cast(sum(coalesce(counted.quarantined, 0)) as bigint) as quarantined,
    cast(sum(coalesce(counted.deferred, 0)) as bigint) as deferred,
    cast(sum(coalesce(erased.erased, 0)) as bigint) as erased,
    cast(sum(named.export_rows) as bigint) as export_rows
from named
left join {{ ref('int_landed_rows') }} as counted
    on named.source_table = counted.source_table and named.file_id = counted.file_id
left join erased on named.source_table = erased.source_table and named.file_id = erased.file_id
group by named.source_table, named.source
