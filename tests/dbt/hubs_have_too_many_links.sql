-- An identifier that no longer links, though it has no more neighbours than it may have, makes two persons of one; one that links in
-- spite of more makes one of many. Contacts that were merged are one neighbour, so those that an identifier was seen with are at least
-- as many.
with seen_with as (

    select
        pairs.identifier,
        count(distinct pairs.neighbour) as neighbours
    from {{ ref('int_identity_pairs') }} as pairs
    inner join {{ ref('identifier_types') }} as types on split_part(pairs.neighbour, ':', 1) = types.identifier_type
    where types.counts_as_link
    group by pairs.identifier

)

select identifiers.identifier
from {{ ref('int_identifiers') }} as identifiers
left join seen_with on identifiers.identifier = seen_with.identifier
where
    identifiers.is_hub <> (identifiers.neighbour_count > {{ setting('identity_max_links') }})
    {# a contact counts with those that it was merged with #}
    or (
        identifiers.is_hub
        and identifiers.identifier_type <> 'contact_id'
        and coalesce(seen_with.neighbours, 0) <= {{ setting('identity_max_links') }}
    )
