select source_table, rows_in, accepted, duplicates, quarantined, deferred, erased
from marts.audit_reconciliation
order by rows_in desc, source_table
