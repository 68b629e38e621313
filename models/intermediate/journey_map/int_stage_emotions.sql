with answers as (

    select
        facts.period,
        facts.person_key,
        facts.segment_key,
        stages.stage_number,
        facts.item_key,
        sum(facts.first_number) as emotion,
        sum(facts.second_number) as responses
    from {{ ref('int_placed_facts') }} as facts
    inner join {{ ref('int_journey_items') }} as items on facts.item_key = items.item_key
    inner join {{ ref('int_framework_stages') }} as stages on {{ is_in_mask('facts', 'stages') }}
    where items.fact_type in ('emotion', 'touchpoint_emotion')
    group by facts.period, facts.person_key, facts.segment_key, stages.stage_number, facts.item_key

),

periods as (

    select
        period,
        person_key,
        segment_key,
        stage_number,
        item_key,
        emotion,
        responses
    from answers
    union all
    select
        0 as period,
        person_key,
        segment_key,
        stage_number,
        item_key,
        sum(emotion) as emotion,
        sum(responses) as responses
    from answers
    group by person_key, segment_key, stage_number, item_key

),

{# a person who answers often is one person: the mean of each first #}
means as (

    select
        period,
        segment_key,
        stage_number,
        item_key,
        sum(cast(emotion as double) / cast(responses as double)) as emotion,
        count(*) as persons,
        sum(responses) as responses
    from periods
    group by period, segment_key, stage_number, item_key

)

select
    means.period,
    means.stage_number,
    segments.cube_key,
    items.fact_type,
    items.item,
    sum(means.emotion) / sum(means.persons) as emotion_score,
    cast(sum(means.responses) as bigint) as responses
from means
inner join {{ ref('int_journey_segments') }} as segments on means.segment_key = segments.segment_key
inner join {{ ref('int_journey_items') }} as items on means.item_key = items.item_key
group by means.period, means.stage_number, segments.cube_key, items.fact_type, items.item
