select kind, target, name, severity, failed_rows
from marts.audit_checks
where not success
order by severity, target, name
limit 200
