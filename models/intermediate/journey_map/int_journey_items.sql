with items as (

    select distinct
        fact_type,
        item
    from {{ ref('int_journey_facts') }}
    union
    select
        'pain_point' as fact_type,
        'left_after: ' || touchpoint_type as item
    from {{ ref('touchpoint_types') }}
    union
    select
        'pain_point' as fact_type,
        'no_pain_point_known' as item

)

select
    {{ journey_item_key('fact_type', 'item') }} as item_key,
    fact_type,
    item,
    fact_type in ('action', 'touchpoint', 'channel', 'pain_point') as is_counted_by_person
from items
