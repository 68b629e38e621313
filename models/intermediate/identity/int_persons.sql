select
    person_identifiers.person_key,
    person_identifiers.person_id,
    min(person_identifiers.first_seen_at) as first_seen_at,
    bool_or(coalesce(identifier_types.is_known_person, false)) as is_known
from {{ ref('int_person_identifiers') }} as person_identifiers
left join {{ ref('identifier_types') }} as identifier_types on person_identifiers.identifier_type = identifier_types.identifier_type
group by person_identifiers.person_key, person_identifiers.person_id
union all
select
    cast(0 as bigint) as person_key,
    'unknown' as person_id,
    cast(null as timestamp) as first_seen_at,
    false as is_known
