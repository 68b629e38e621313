-- The rows of all files and exports of a table add up to the rows that reconciliation counts for it.
with summed as (

    select
        source_table,
        sum(rows_in) as rows_in,
        sum(accepted) as accepted,
        sum(duplicates) as duplicates,
        sum(quarantined) as quarantined,
        sum(deferred) as deferred,
        sum(erased) as erased
    from {{ ref('audit_sources') }}
    group by source_table

)

select audit_reconciliation.source_table
from {{ ref('audit_reconciliation') }} as audit_reconciliation
left join summed on audit_reconciliation.source_table = summed.source_table
where
    audit_reconciliation.rows_in <> coalesce(summed.rows_in, 0)
    or audit_reconciliation.accepted <> coalesce(summed.accepted, 0)
    or audit_reconciliation.duplicates <> coalesce(summed.duplicates, 0)
    or audit_reconciliation.quarantined <> coalesce(summed.quarantined, 0)
    or audit_reconciliation.deferred <> coalesce(summed.deferred, 0)
    or audit_reconciliation.erased <> coalesce(summed.erased, 0)
