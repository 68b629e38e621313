-- An identifier stops linking persons exactly if it has more neighbours than allowed. Below the limit, one person would be split in two;
-- above it, many would be merged into one. Merged contacts are one neighbour, so the number of identifiers seen together is at least as
-- high.
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
    {# a contact counts as one with the contacts merged into it #}
    or (
        identifiers.is_hub
        and identifiers.identifier_type <> 'contact_id'
        and coalesce(seen_with.neighbours, 0) <= {{ setting('identity_max_links') }}
    )
