-- Ranks are consecutive and ordered by value. Readers filter on rank <= 3, so a missing or duplicated rank would hide a top item.
with places as (

    select
        *,
        row_number() over (
            partition by period, framework, stage, customer_type, persona, item_type
            order by rank
        ) as place,
        lag(value) over (
            partition by period, framework, stage, customer_type, persona, item_type
            order by rank
        ) as value_before
    from {{ ref('journey_map_items') }}

)

select
    period,
    framework,
    stage,
    customer_type,
    persona,
    item_type,
    rank
from places
where
    rank <> place
    or value > value_before
    or persons < 1
    or (item_type <> 'opportunity' and value < persons)
    or rank > case when period = 'all' then {{ setting('journey_map_items') }} else {{ setting('journey_map_items_monthly') }} end
