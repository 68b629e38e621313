-- leading: the place of a channel among those of all stages together
with items as (
    select
        *,
        case when item_type = 'channel' then sum(value) over (
            partition by framework, customer_type, persona, period, item_type, item
        ) end as total
    from marts.journey_map_items
),

ranked as (
    select
        *,
        case when total is not null then dense_rank() over (
            partition by framework, customer_type, persona, period order by total desc nulls last, item_en
        ) end as place
    from items
)

select
    framework, customer_type, persona, period, stage, item_type, rank, item, item_en, item_vi, persons,
    -- persons who went on brought no more revenue than those who did not: keeping one of the latter has no value to show
    case when item_type <> 'opportunity' or value > 0 then value end as value,
    case when place <= 3 then place end as leading
from ranked
where rank <= 5
order by framework, customer_type, persona, period, stage, item_type, rank
