{%- set masks = mask_columns() -%}

with values_of_masks as (

    select
        period,
        segment_key,
        item_key,
        {{ masks }},
        sum(first_number) as first_number,
        sum(second_number) as second_number
    from {{ ref('int_placed_facts') }}
    group by period, segment_key, item_key, {{ masks }}

),

{{ with_longer_periods('values_of_masks', 'segment_key, item_key, ' ~ masks, {
    'first_number': 'sum(first_number)', 'second_number': 'sum(second_number)'
}) }},

persons_of_masks as (

    select
        period,
        segment_key,
        item_key,
        {{ masks }},
        count(*) as persons
    from {{ ref('int_person_items') }}
    group by period, segment_key, item_key, {{ masks }}

),

numbers as (

    select
        period,
        segment_key,
        item_key,
        {{ masks }},
        cast(0 as bigint) as persons,
        first_number,
        second_number
    from periods
    union all
    select
        period,
        segment_key,
        item_key,
        {{ masks }},
        persons,
        cast(0 as decimal(28, 12)) as first_number,
        cast(0 as decimal(28, 12)) as second_number
    from persons_of_masks

),

{# the stages of each distinct mask, so that bits are compared once per mask and not once per row #}
distinct_masks as (

    select distinct {{ masks }} from numbers

),

stages_of_masks as (

    select
        stages.stage_number,
        {{ mask_columns('distinct_masks') }}
    from distinct_masks
    inner join {{ ref('int_framework_stages') }} as stages on {{ is_in_mask('distinct_masks', 'stages') }}

)

select
    numbers.period,
    stages.stage_number,
    numbers.segment_key,
    numbers.item_key,
    cast(sum(numbers.persons) as bigint) as persons,
    sum(numbers.first_number) as first_number,
    sum(numbers.second_number) as second_number
from numbers
inner join stages_of_masks as stages on {{ each_mask('numbers.mask_# = stages.mask_#', ' and ') }}
group by numbers.period, stages.stage_number, numbers.segment_key, numbers.item_key
