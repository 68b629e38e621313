select build_id, as_of, started_at, finished_at, status
from marts.audit_builds
order by started_at desc
limit 30
