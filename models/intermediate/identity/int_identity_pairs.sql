with observations as (

    select * from {{ ref('int_identity_observations') }}

)

select distinct
    one.identifier as low,
    other.identifier as high
from observations as one
inner join observations as other
    on one.record_number = other.record_number
    and one.identifier < other.identifier
