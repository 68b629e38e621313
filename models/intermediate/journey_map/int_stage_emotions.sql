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

{{ with_longer_periods('answers', 'person_key, segment_key, stage_number, item_key', {
    'emotion': 'sum(emotion)', 'responses': 'sum(responses)'
}) }},

scored_answers as (

    select
        periods.period,
        periods.person_key,
        periods.segment_key,
        periods.stage_number,
        items.fact_type,
        items.item,
        cast(periods.emotion as double) as emotion,
        periods.responses,
        means.mix_shift
    from periods
    inner join {{ ref('int_journey_items') }} as items on periods.item_key = items.item_key
    left join {{ ref('int_survey_means') }} as means on items.fact_type = 'emotion' and items.item = means.survey_type

),

{#
    for all surveys together, answers are shifted by the mix_shift of their survey type, so that a stage does not look happier only because
    it has surveys that get kinder answers
#}
with_all as (

    select
        period,
        person_key,
        segment_key,
        stage_number,
        fact_type,
        item,
        emotion,
        responses
    from scored_answers
    union all
    select
        period,
        person_key,
        segment_key,
        stage_number,
        fact_type,
        'all' as item,
        sum(emotion + cast(responses as double) * mix_shift) as emotion,
        sum(responses) as responses
    from scored_answers
    where fact_type = 'emotion'
    group by period, person_key, segment_key, stage_number, fact_type

),

{# mean per person first, so that a person who answers often counts once #}
means as (

    select
        period,
        segment_key,
        stage_number,
        fact_type,
        item,
        sum(emotion / cast(responses as double)) as emotion,
        sum((emotion / cast(responses as double)) * (emotion / cast(responses as double))) as squares,
        count(*) as persons,
        sum(responses) as responses
    from with_all
    group by period, segment_key, stage_number, fact_type, item

),

cells as (

    select
        means.period,
        means.stage_number,
        segments.cube_key,
        means.fact_type,
        means.item,
        sum(means.emotion) as emotion,
        sum(means.squares) as squares,
        sum(means.persons) as persons,
        sum(means.responses) as responses
    from means
    inner join {{ ref('int_journey_segments') }} as segments on means.segment_key = segments.segment_key
    group by means.period, means.stage_number, segments.cube_key, means.fact_type, means.item

)

select
    period,
    stage_number,
    cube_key,
    fact_type,
    item,
    {# the shift may push a mean outside the scale #}
    greatest(least(emotion / persons, cast(1 as double)), cast(-1 as double)) as emotion_score,
    {{ adjusted_wald_bound('persons', 'emotion', 'squares', '-') }} as emotion_low,
    {{ adjusted_wald_bound('persons', 'emotion', 'squares', '+') }} as emotion_high,
    cast(persons as bigint) as persons,
    cast(responses as bigint) as responses,
    responses >= {{ setting('emotion_min_responses') }} as is_enough
from cells
