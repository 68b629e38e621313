-- Validity periods of an identifier do not overlap, or what happened in the overlap would belong to two persons. Every person has at least
-- one identifier.
with neighbours as (

    select
        *,
        lead(valid_from) over (partition by identifier_hash order by valid_from) as next_valid_from
    from {{ ref('bridge_person_identifiers') }}

)

select person_identifier_key
from neighbours
where
    valid_to <= valid_from
    or next_valid_from < valid_to
    or (next_valid_from is not null and valid_to is null)
union all
select persons.person_id
from {{ ref('dim_persons') }} as persons
left join {{ ref('bridge_person_identifiers') }} as identifiers on persons.person_id = identifiers.person_id and identifiers.is_current
where persons.person_id <> 'unknown' and identifiers.person_id is null
