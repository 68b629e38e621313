with observations as (

    select * from {{ ref('int_identity_observations') }}

),

pairs as (

    select
        pairs.*,
        split_part(pairs.identifier, ':', 1) = 'contact_id' as is_contact,
        contact_groups.component as contact_group
    from {{ ref('int_identity_pairs') }} as pairs
    left join {{ ref('int_contact_groups') }} as contact_groups on pairs.identifier = contact_groups.node

),

{# e-mails and phones that only contacts of one merged group have; the group's e-mails count as one neighbour, and so do its phones #}
merged_contact_identifiers as (

    select
        neighbour as identifier,
        split_part(neighbour, ':', 1) || ' of ' || min(contact_group) as counted_as
    from pairs
    where is_contact and is_stated and split_part(neighbour, ':', 1) in ('email', 'phone')
    group by neighbour
    having
        min(coalesce(pairs.contact_group, pairs.identifier)) = max(coalesce(pairs.contact_group, pairs.identifier))
        and min(pairs.contact_group) is not null

),

neighbour_counts as (

    select
        coalesce(pairs.contact_group, pairs.identifier) as identifier,
        count(distinct coalesce(neighbour_groups.component, merged_contact_identifiers.counted_as, pairs.neighbour)) as neighbour_count
    from pairs
    inner join {{ ref('identifier_types') }} as identifier_types
        on split_part(pairs.neighbour, ':', 1) = identifier_types.identifier_type
    left join {{ ref('int_contact_groups') }} as neighbour_groups on pairs.neighbour = neighbour_groups.node
    left join merged_contact_identifiers on pairs.neighbour = merged_contact_identifiers.identifier
    where
        identifier_types.counts_as_link
        {# a contact's own identifiers, stated by the CRM, do not count: they are no sign that several people share the contact #}
        and not (pairs.is_contact and pairs.is_stated)
    group by coalesce(pairs.contact_group, pairs.identifier)

),

seen as (

    select
        identifier,
        identifier_type,
        identifier_value,
        min(seen_at) as first_seen_at
    from observations
    group by identifier, identifier_type, identifier_value

)

select
    seen.identifier,
    seen.identifier_type,
    seen.identifier_value,
    seen.first_seen_at,
    coalesce(neighbour_counts.neighbour_count, 0) as neighbour_count,
    coalesce(neighbour_counts.neighbour_count, 0) > {{ setting('identity_max_links') }} as is_hub
from seen
left join {{ ref('int_contact_groups') }} as contact_groups on seen.identifier = contact_groups.node
left join neighbour_counts on coalesce(contact_groups.component, seen.identifier) = neighbour_counts.identifier
