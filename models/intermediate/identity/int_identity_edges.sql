with hubs as (

    select identifier from {{ ref('int_identifiers') }}
    where is_hub

)

select
    pairs.low,
    pairs.high
from {{ ref('int_identity_pairs') }} as pairs
left join hubs as low_hubs on pairs.low = low_hubs.identifier
left join hubs as high_hubs on pairs.high = high_hubs.identifier
where low_hubs.identifier is null and high_hubs.identifier is null
