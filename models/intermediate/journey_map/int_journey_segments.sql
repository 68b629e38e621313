with segments as (

    select distinct
        segment_key,
        customer_type,
        persona
    from {{ ref('int_journey_persons') }}

),

cube as (

    select segment_key, customer_type, persona from segments
    union
    select segment_key, 'all' as customer_type, persona from segments
    union
    select segment_key, customer_type, 'all' as persona from segments
    union
    select segment_key, 'all' as customer_type, 'all' as persona from segments

)

select
    segment_key,
    {{ hash_number("customer_type || '|' || persona") }} as cube_key,
    customer_type,
    persona
from cube
