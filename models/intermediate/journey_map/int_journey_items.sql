with items as (

    select distinct
        fact_type,
        item
    from {{ ref('int_journey_facts') }}
    union
    select
        'last_touch' as fact_type,
        touchpoint_type as item
    from {{ ref('touchpoint_types') }}

)

select
    {{ journey_item_key('fact_type', 'item') }} as item_key,
    fact_type,
    item,
    fact_type in ('action', 'touchpoint', 'channel', 'pain_point', 'last_touch') as is_counted_by_person
from items
