with cells as (

    select distinct
        cube_key,
        customer_type,
        persona
    from {{ ref('int_journey_segments') }}

)

select
    {{ period_name('emotions.period') }} as period,
    numbers.framework,
    numbers.stage,
    cells.customer_type,
    cells.persona,
    emotions.item as survey_type,
    {{ period_type_of('emotions.period') }} as period_type,
    stages.rank,
    stages.label_en,
    stages.label_vi,
    emotions.persons,
    emotions.responses,
    emotions.emotion_score as mean_score,
    case when emotions.is_enough then emotions.emotion_low end as low,
    case when emotions.is_enough then emotions.emotion_high end as high
from {{ ref('int_stage_emotions') }} as emotions
inner join cells on emotions.cube_key = cells.cube_key
inner join {{ ref('int_framework_stages') }} as numbers on emotions.stage_number = numbers.stage_number
inner join {{ ref('dim_framework_stages') }} as stages
    on numbers.framework = stages.framework
    and numbers.stage = stages.stage
where emotions.fact_type = 'emotion' and emotions.item <> 'all'
{{ in_order_of('emotions.stage_number, cells.customer_type, cells.persona, emotions.period') }}
