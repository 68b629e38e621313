with monthly as (

    select
        facts.period,
        facts.person_key,
        facts.segment_key,
        facts.item_key,
        {{ mask_unions() }}
    from {{ ref('int_placed_facts') }} as facts
    inner join {{ ref('int_journey_items') }} as items on facts.item_key = items.item_key
    where items.is_counted_by_person
    group by facts.period, facts.person_key, facts.segment_key, facts.item_key

),

{{ with_longer_periods('monthly', 'person_key, segment_key, item_key', mask_measures()) }}

select * from periods
