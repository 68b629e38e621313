-- Every row that reconciliation counts as quarantined is in audit_quarantine; otherwise nobody could find and correct it.
with listed as (

    select
        source_table,
        count(*) as quarantined
    from {{ ref('audit_quarantine') }}
    group by source_table

)

select reconciliation.source_table
from {{ ref('audit_reconciliation') }} as reconciliation
left join listed on reconciliation.source_table = listed.source_table
where reconciliation.quarantined <> coalesce(listed.quarantined, 0)
