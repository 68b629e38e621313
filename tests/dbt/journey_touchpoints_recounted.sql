-- Recounts touches, persons, credit and emotion by stage of the primary framework and touchpoint type, for each quarter and in all, by
-- joining touchpoints, credit and survey answers with stays.
{%- set primary = setting('primary_framework') %}
with stays as (

    select
        entries.person_id,
        entries.stage,
        entries.entered_at,
        entries.exited_at
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage
    where entries.framework = '{{ primary }}' and stages.rank > 0

),

periods as (

    {{ calendar_periods(['quarter', 'all']) }}

),

credits as (

    select
        attribution.touchpoint_id,
        sum(attribution.credit) as credit
    from {{ ref('fct_attribution') }} as attribution
    inner join {{ ref('fct_conversions') }} as conversions on attribution.conversion_id = conversions.conversion_id
    inner join {{ ref('conversion_types') }} as types on conversions.conversion_type = types.conversion_type
    where attribution.attribution_model = '{{ setting('journey_map_attribution_model') }}' and types.has_revenue
    group by attribution.touchpoint_id

),

touched as (

    select
        periods.period,
        stays.stage,
        touchpoints.touchpoint_type,
        count(*) as touches,
        count(distinct touchpoints.person_id) as persons,
        coalesce(sum(credits.credit), 0) as credit
    from {{ ref('fct_touchpoints') }} as touchpoints
    inner join periods on {{ reporting_date('touchpoints.touched_at') }} between periods.first_day and periods.last_day
    inner join stays
        on touchpoints.person_id = stays.person_id
        and touchpoints.touched_at >= stays.entered_at
        and (touchpoints.touched_at < stays.exited_at or stays.exited_at is null)
    left join credits on touchpoints.touchpoint_id = credits.touchpoint_id
    where touchpoints.person_id <> 'unknown'
    group by periods.period, stays.stage, touchpoints.touchpoint_type

),

answers as (

    select
        periods.period,
        stays.stage,
        coalesce(survey_touchpoints.touchpoint_type, responses.touchpoint) as touchpoint_type,
        responses.person_id,
        sum(responses.emotion_score + means.mix_shift) / count(*) as emotion,
        count(*) as responses
    from {{ ref('fct_survey_responses') }} as responses
    inner join {{ ref('int_survey_means') }} as means on responses.survey_type = means.survey_type
    inner join periods on {{ reporting_date('responses.responded_at') }} between periods.first_day and periods.last_day
    inner join stays
        on responses.person_id = stays.person_id
        and responses.responded_at >= stays.entered_at
        and (responses.responded_at < stays.exited_at or stays.exited_at is null)
    left join {{ ref('survey_touchpoints') }} as survey_touchpoints on responses.touchpoint = survey_touchpoints.touchpoint
    where responses.emotion_score is not null and responses.person_id <> 'unknown'
    group by periods.period, stays.stage, coalesce(survey_touchpoints.touchpoint_type, responses.touchpoint), responses.person_id

),

emotions as (

    select
        period,
        stage,
        touchpoint_type,
        greatest(least(sum(emotion) / count(*), 1e0), -1e0) as emotion_score,
        sum(responses) as responses
    from answers
    group by period, stage, touchpoint_type

)

select
    concat_ws(
        ' ',
        coalesce(published.period, touched.period),
        coalesce(published.stage, touched.stage),
        coalesce(published.touchpoint_type, touched.touchpoint_type)
    ) as problem
from (
    select * from {{ ref('journey_map_touchpoints') }}
    where framework = '{{ primary }}' and period_type <> 'month' and customer_type = 'all' and persona = 'all'
) as published
full outer join touched
    on published.period = touched.period
    and published.stage = touched.stage
    and published.touchpoint_type = touched.touchpoint_type
left join emotions
    on published.period = emotions.period
    and published.stage = emotions.stage
    and published.touchpoint_type = emotions.touchpoint_type
where
    coalesce(published.touches, 0) <> coalesce(touched.touches, 0)
    or coalesce(published.persons, 0) <> coalesce(touched.persons, 0)
    or abs(published.attributed_conversions - coalesce(touched.credit, 0)) > 1e-4
    or published.responses <> coalesce(emotions.responses, 0)
    or abs(published.emotion_score - emotions.emotion_score) > 1e-6
    or (published.emotion_score is not null) <> (emotions.responses >= {{ setting('emotion_min_responses') }})
