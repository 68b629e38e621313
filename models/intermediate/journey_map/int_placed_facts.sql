{# stage changes and facts of a person in order of time: the running sum of the changes gives the stages at the time of each fact #}
with facts_and_moves as (

    select
        person_key,
        moved_at as happened_at,
        0 as place,
        cast(null as integer) as period,
        cast(null as bigint) as item_key,
        cast(null as decimal(28, 12)) as first_number,
        cast(null as decimal(28, 12)) as second_number,
        {{ each_mask('change_#') }}
    from {{ ref('int_person_masks') }}
    union all
    select
        person_key,
        happened_at,
        1 as place,
        period,
        item_key,
        first_number,
        second_number,
        {{ each_mask('cast(0 as bigint) as change_#') }}
    from {{ ref('int_journey_facts') }}

),

placed as (

    select
        person_key,
        period,
        item_key,
        first_number,
        second_number,
        {{ each_mask('cast(sum(change_#) over (partition by person_key order by happened_at, place) as bigint) as mask_#') }}
    from facts_and_moves

),

facts as (

    select
        person_key,
        period,
        item_key,
        first_number,
        second_number,
        {{ mask_columns() }}
    from placed
    where item_key is not null and {{ has_any_stage() }}
    union all
    select
        person_key,
        {{ period_number('left_month') }} as period,
        {{ journey_item_key("'last_touch'", 'touchpoint_type') }} as item_key,
        cast(1 as decimal(28, 12)) as first_number,
        cast(0 as decimal(28, 12)) as second_number,
        {{ mask_columns() }}
    from {{ ref('int_stage_departures') }}

)

select
    facts.*,
    persons.segment_key
from facts
inner join {{ ref('int_journey_persons') }} as persons on facts.person_key = persons.person_key
