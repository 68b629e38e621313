-- Answers by survey type add up to those of the stage. Otherwise a stage's emotion could not be traced to its answers.
with answers as (

    select
        period,
        framework,
        stage,
        customer_type,
        persona,
        sum(responses) as responses
    from {{ ref('journey_map_emotions') }}
    group by period, framework, stage, customer_type, persona

)

select concat_ws(' ', map.period, map.framework, map.stage, map.customer_type, map.persona) as problem
from {{ ref('journey_map') }} as map
left join answers
    on map.period = answers.period
    and map.framework = answers.framework
    and map.stage = answers.stage
    and map.customer_type = answers.customer_type
    and map.persona = answers.persona
where
    map.emotion_responses <> coalesce(answers.responses, 0)
    or (map.emotion_score is null) <> (map.emotion_responses < {{ setting('emotion_min_responses') }})
    or map.emotion_score not between map.emotion_low and map.emotion_high
