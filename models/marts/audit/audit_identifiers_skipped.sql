select
    skipped.identifier_hash,
    {{ shown_text('skipped.identifier_type', 'texts') }} as identifier_type,
    skipped.reason,
    cast(skipped.neighbour_count as bigint) as neighbour_count,
    skipped.first_seen_at
from {{ ref('int_identifiers_skipped') }} as skipped
{{ join_shared_identifier_type('texts', 'skipped') }}
