with observations as (

    select * from {{ ref('int_identity_observations') }}

),

neighbours as (

    select low as identifier, high as neighbour from {{ ref('int_identity_pairs') }}
    union all
    select high as identifier, low as neighbour from {{ ref('int_identity_pairs') }}

),

neighbour_counts as (

    select
        neighbours.identifier,
        count(*) as neighbour_count
    from neighbours
    inner join {{ ref('identifier_types') }} as identifier_types
        on split_part(neighbours.neighbour, ':', 1) = identifier_types.identifier_type
    where identifier_types.counts_as_link
    group by neighbours.identifier

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
left join neighbour_counts on seen.identifier = neighbour_counts.identifier
