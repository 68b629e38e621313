-- file and row of each could lead to a person, so they stay in the private warehouse; the command lists them there
with refused as (
    select source_table, reason, count(*) as refused_rows
    from marts.audit_quarantine
    group by source_table, reason
)

select
    refused.source_table, refused.reason, refused.refused_rows, refused.refused_rows / tables.rows_in as share_of_rows,
    'journey quarantine --table ' || replace(refused.source_table, '.', '/') || ' --reason ' || refused.reason as listed_by
from refused
left join marts.audit_reconciliation as tables using (source_table)
order by refused.refused_rows desc, refused.source_table, refused.reason
limit 200
