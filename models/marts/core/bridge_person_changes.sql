select
    {{ keyed_hash(["'person_change'", 'old_person_id', 'new_person_id', 'noticed_at']) }} as person_change_key,
    old_person_id,
    new_person_id,
    reason,
    count(*) as identifier_count,
    noticed_at,
    as_of
from {{ ref('int_person_changes') }}
group by old_person_id, new_person_id, reason, noticed_at, as_of
