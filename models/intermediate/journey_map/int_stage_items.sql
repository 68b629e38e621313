{%- set masks = mask_columns() -%}

with values_of_states as (

    select
        month,
        customer_type,
        persona,
        fact_type,
        item,
        {{ masks }},
        sum(first_number) as first_number,
        sum(second_number) as second_number
    from {{ ref('int_placed_facts') }}
    where fact_type not in ('emotion', 'touchpoint_emotion')
    group by month, customer_type, persona, fact_type, item, {{ masks }}

),

persons_of_stages as (

    select
        period,
        customer_type,
        persona,
        fact_type,
        item,
        {{ masks }},
        count(*) as persons
    from {{ ref('int_person_items') }}
    group by period, customer_type, persona, fact_type, item, {{ masks }}

),

numbers as (

    select
        month as period,
        customer_type,
        persona,
        fact_type,
        item,
        {{ masks }},
        cast(0 as bigint) as persons,
        first_number,
        second_number
    from values_of_states
    union all
    select
        'all' as period,
        customer_type,
        persona,
        fact_type,
        item,
        {{ masks }},
        cast(0 as bigint) as persons,
        first_number,
        second_number
    from values_of_states
    union all
    select
        period,
        customer_type,
        persona,
        fact_type,
        item,
        {{ masks }},
        persons,
        cast(0 as decimal(28, 12)) as first_number,
        cast(0 as decimal(28, 12)) as second_number
    from persons_of_stages

),

stages as (

    select * from {{ ref('int_framework_stages') }}

)

select
    numbers.period,
    stages.stage_number,
    numbers.customer_type,
    numbers.persona,
    numbers.fact_type,
    numbers.item,
    cast(sum(numbers.persons) as bigint) as persons,
    sum(numbers.first_number) as first_number,
    sum(numbers.second_number) as second_number
from numbers
inner join stages on {{ is_in_mask('numbers', 'stages') }}
group by numbers.period, stages.stage_number, numbers.customer_type, numbers.persona, numbers.fact_type, numbers.item
