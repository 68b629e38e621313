with segments as (

    select distinct
        {{ segment_key('customer_type', 'persona') }} as segment_key,
        customer_type,
        persona
    from {{ ref('dim_persons_history') }}
    where person_id <> 'unknown'
    union
    {# the segment of persons before anything was known about them #}
    select
        {{ segment_key("'unknown'", "'unknown'") }} as segment_key,
        'unknown' as customer_type,
        'unknown' as persona

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
    {{ segment_key('customer_type', 'persona') }} as cube_key,
    customer_type,
    persona
from cube
