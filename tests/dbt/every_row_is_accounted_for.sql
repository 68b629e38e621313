-- Invariant 4: each raw row is exactly one of accepted, duplicate, quarantined, deferred, erased.
select *
from {{ ref('audit_reconciliation') }}
where
    rows_in <> accepted + duplicates + quarantined + deferred + erased
    or least(accepted, duplicates, quarantined, deferred, erased) < 0
