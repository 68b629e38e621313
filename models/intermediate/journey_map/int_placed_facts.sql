{# moves and facts of a person in order: the moves so far, added up, are the stages in which a fact finds the person #}
with facts_and_moves as (

    select
        person_key,
        moved_at as happened_at,
        0 as place,
        cast(null as string) as fact_type,
        cast(null as string) as item,
        cast(null as decimal(28, 12)) as first_number,
        cast(null as decimal(28, 12)) as second_number
        {%- for mask in stage_masks() %},
        change_{{ mask }}
        {%- endfor %}
    from {{ ref('int_person_masks') }}
    union all
    select
        person_key,
        happened_at,
        1 as place,
        fact_type,
        item,
        first_number,
        second_number
        {%- for mask in stage_masks() %},
        cast(0 as bigint) as change_{{ mask }}
        {%- endfor %}
    from {{ ref('int_journey_facts') }}

),

placed as (

    select
        person_key,
        happened_at,
        fact_type,
        item,
        first_number,
        second_number
        {%- for mask in stage_masks() %},
        cast(sum(change_{{ mask }}) over (partition by person_key order by happened_at, place) as bigint) as mask_{{ mask }}
        {%- endfor %}
    from facts_and_moves

),

facts as (

    select
        person_key,
        {{ period_of(reporting_date('happened_at')) }} as month,
        fact_type,
        item,
        first_number,
        second_number,
        {{ mask_columns() }}
    from placed
    where fact_type is not null and {{ has_any_stage() }}
    union all
    select
        person_key,
        {{ period_of('left_month') }} as month,
        'pain_point' as fact_type,
        'left_after: ' || touchpoint_type as item,
        cast(1 as decimal(28, 12)) as first_number,
        cast(0 as decimal(28, 12)) as second_number,
        {{ mask_columns() }}
    from {{ ref('int_stage_departures') }}

)

select
    facts.*,
    persons.customer_type,
    persons.persona
from facts
inner join {{ ref('int_journey_persons') }} as persons on facts.person_key = persons.person_key
