with persons as (

    select
        survey_type,
        person_id,
        sum(emotion_score) as emotion,
        count(*) as responses
    from {{ ref('fct_survey_responses') }}
    where emotion_score is not null and person_id <> 'unknown'
    group by survey_type, person_id

),

overall as (

    select sum(emotion) / count(*) as mean_score
    from (
        select sum(emotion) / sum(responses) as emotion
        from persons
        group by person_id
    ) as means
)

select
    persons.survey_type,
    sum(persons.emotion / persons.responses) / count(*) as mean_score,
    max(overall.mean_score) - sum(persons.emotion / persons.responses) / count(*) as mix_shift
from persons
cross join overall
group by persons.survey_type
