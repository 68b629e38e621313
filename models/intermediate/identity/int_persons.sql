select
    person_id,
    min(first_seen_at) as first_seen_at,
    bool_or(identifier_type in ('contact_id', 'email', 'phone')) as is_known
from {{ ref('int_person_identifiers') }}
group by person_id
