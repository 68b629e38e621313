select
    build_id, strftime(as_of, '%Y-%m-%d %H:%M') || ' UTC' as as_of, strftime(started_at, '%Y-%m-%d %H:%M') || ' UTC' as started_at,
    strftime(finished_at, '%Y-%m-%d %H:%M') || ' UTC' as finished_at, status
from marts.audit_builds
order by build_id desc
limit 30
