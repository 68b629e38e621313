with answers as (

    select
        facts.person_key,
        facts.customer_type,
        facts.persona,
        facts.month,
        stages.stage_number,
        facts.fact_type,
        facts.item,
        sum(facts.first_number) as emotion,
        sum(facts.second_number) as responses
    from {{ ref('int_placed_facts') }} as facts
    inner join {{ ref('int_framework_stages') }} as stages
        on {{ is_in_mask('facts', 'stages') }}
    where facts.fact_type in ('emotion', 'touchpoint_emotion')
    group by
        facts.person_key, facts.customer_type, facts.persona, facts.month, stages.stage_number, facts.fact_type, facts.item

),

periods as (

    select
        person_key,
        customer_type,
        persona,
        month as period,
        stage_number,
        fact_type,
        item,
        emotion,
        responses
    from answers
    union all
    select
        person_key,
        customer_type,
        persona,
        'all' as period,
        stage_number,
        fact_type,
        item,
        sum(emotion) as emotion,
        sum(responses) as responses
    from answers
    group by person_key, customer_type, persona, stage_number, fact_type, item

)

{# a person who answers often is one person: the mean of each first #}
select
    period,
    stage_number,
    {{ journey_cube_columns() }},
    fact_type,
    item,
    sum(cast(emotion as double) / cast(responses as double)) / count(*) as emotion_score,
    cast(sum(responses) as bigint) as responses
from periods
{{ journey_cube('period, stage_number, fact_type, item') }}
