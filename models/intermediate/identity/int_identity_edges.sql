with hubs as (

    select identifier from {{ ref('int_identifiers') }}
    where is_hub

)

select
    pairs.identifier as low,
    pairs.neighbour as high
from {{ ref('int_identity_pairs') }} as pairs
left join hubs as low_hubs on pairs.identifier = low_hubs.identifier
left join hubs as high_hubs on pairs.neighbour = high_hubs.identifier
where
    pairs.is_link
    and pairs.identifier < pairs.neighbour
    {# a contact that is a hub keeps the links that the CRM states #}
    and (low_hubs.identifier is null or (pairs.is_stated and split_part(pairs.identifier, ':', 1) = 'contact_id'))
    and (high_hubs.identifier is null or (pairs.is_stated and split_part(pairs.neighbour, ':', 1) = 'contact_id'))
union
select
    low,
    high
from {{ ref('int_contact_merge_edges') }}
