select
    person_identifiers.person_id,
    any_value({{ key_of('person_identifiers.person_id') }}) as person_key,
    min(person_identifiers.first_seen_at) as first_seen_at,
    bool_or(coalesce(identifier_types.is_known_person, false)) as is_known
from {{ ref('int_person_identifiers') }} as person_identifiers
left join {{ ref('identifier_types') }} as identifier_types on person_identifiers.identifier_type = identifier_types.identifier_type
group by person_identifiers.person_id
