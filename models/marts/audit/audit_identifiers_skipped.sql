select
    identifier_hash,
    identifier_type,
    reason,
    cast(neighbour_count as bigint) as neighbour_count,
    first_seen_at
from {{ ref('int_identifiers_skipped') }}
