-- Recounts persons, first entries, their outcomes and emotions by stage of the primary framework, for each month, quarter and in all, from
-- stays and survey answers. A person who entered long ago and stays is counted; one who is there in three months is one in the quarter.
{%- set primary = setting('primary_framework') %}
with stays as (

    select
        entries.person_id,
        entries.stage,
        entries.entered_at,
        entries.exited_at,
        entries.entered_date,
        entries.outcome = 'converted' as is_converted,
        {{ microseconds_between('entries.entered_at', 'entries.exited_at') }} as microseconds,
        {{ to_reporting_time('entries.exited_at') }} as stayed_until,
        row_number() over (partition by entries.person_id, entries.stage order by entries.entered_at) as visit
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage
    where entries.framework = '{{ primary }}' and stages.rank > 0

),

published as (

    select * from {{ ref('journey_map') }}
    where framework = '{{ primary }}' and customer_type = 'all' and persona = 'all'

),

periods as (

    {{ calendar_periods(['month', 'quarter', 'all']) }}

),

{# stages that lead to no other step of the funnel #}
stages_without_rate as (

    select stage
    from (
        select
            stage,
            is_in_funnel,
            rank < max(case when is_in_funnel then rank end) over () as has_later_step
        from {{ ref('dim_framework_stages') }}
        where framework = '{{ primary }}'
    ) as stages
    where not (is_in_funnel and has_later_step)

),

present as (

    select
        periods.period,
        stays.stage,
        count(distinct stays.person_id) as persons,
        count(distinct case when stays.visit = 1 and stays.entered_date >= periods.first_day then stays.person_id end) as entered,
        count(distinct case
            when stays.visit = 1 and stays.is_converted and stays.entered_date >= periods.first_day then stays.person_id
        end) as converted,
        bool_and({{ days_between('periods.last_day', reporting_date(as_of())) }} > {{ setting('funnel_window_days') }}) as is_mature
    from periods
    inner join stays
        on stays.entered_date <= periods.last_day
        {# a stay that ends exactly at the start of the period is not in it #}
        and (
            stays.entered_date >= periods.first_day
            or stays.stayed_until > cast(periods.first_day as timestamp)
            or stays.stayed_until is null
        )
    group by periods.period, stays.stage

),

first_stays as (

    select
        periods.period,
        stays.stage,
        stays.microseconds
    from periods
    inner join stays on stays.entered_date between periods.first_day and periods.last_day
    where stays.visit = 1

),

first_stay_hours as (

    {{ middle_hours('first_stays', 'period, stage', 'microseconds') }}

),

answers as (

    select
        periods.period,
        stays.stage,
        responses.survey_type,
        responses.person_id,
        sum(responses.emotion_score) / count(*) as emotion,
        count(*) as responses
    from {{ ref('fct_survey_responses') }} as responses
    inner join periods on {{ reporting_date('responses.responded_at') }} between periods.first_day and periods.last_day
    inner join stays
        on responses.person_id = stays.person_id
        and responses.responded_at >= stays.entered_at
        and (responses.responded_at < stays.exited_at or stays.exited_at is null)
    where responses.emotion_score is not null and responses.person_id <> 'unknown'
    group by periods.period, stays.stage, responses.survey_type, responses.person_id

),

emotions as (

    select
        period,
        stage,
        survey_type,
        sum(emotion) / count(*) as mean_score,
        sum(responses) as responses
    from answers
    group by period, stage, survey_type

)

select concat_ws(' ', coalesce(published.period, present.period), coalesce(published.stage, present.stage)) as problem
from published
full outer join present
    on published.period = present.period
    and published.stage = present.stage
left join first_stay_hours
    on published.period = first_stay_hours.period
    and published.stage = first_stay_hours.stage
left join stages_without_rate on published.stage = stages_without_rate.stage
where
    coalesce(published.persons, 0) <> coalesce(present.persons, 0)
    or coalesce(published.entered, 0) <> coalesce(present.entered, 0)
    or published.converted <> present.converted
    or {{ differ('published.median_hours_in_stage', 'first_stay_hours.middle_hours') }}
    {# for the period `all` the rate pools the mature months, which conversion_rates_agree checks #}
    or (published.period_type <> 'all' and published.is_mature <> present.is_mature)
    or (
        published.period_type <> 'all'
        and {{ differ(
            'published.conversion_rate',
            'case when present.is_mature and stages_without_rate.stage is null then ' ~ share_of('present.converted', 'present.entered') ~ ' end'
        ) }}
    )
union all
select
    concat_ws(
        ' ',
        coalesce(published.period, emotions.period),
        coalesce(published.stage, emotions.stage),
        coalesce(published.survey_type, emotions.survey_type)
    ) as problem
from (
    select * from {{ ref('journey_map_emotions') }}
    where framework = '{{ primary }}' and customer_type = 'all' and persona = 'all'
) as published
full outer join emotions
    on published.period = emotions.period
    and published.stage = emotions.stage
    and published.survey_type = emotions.survey_type
where
    published.responses is distinct from emotions.responses
    or abs(published.mean_score - emotions.mean_score) > 1e-6
