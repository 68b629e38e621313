select source_table, source, latest_date, hours_since_latest, rows_last_7_days, usual_rows_7_days, is_stale
from marts.audit_freshness
where latest_date is not null
order by is_stale desc, source_table, source
