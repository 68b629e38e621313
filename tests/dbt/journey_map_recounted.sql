-- Who was in each stage of the primary framework in each month, who came new, what they felt there: from everybody's stays and answers.
-- Whoever stays is there, though they entered long ago.
{%- set primary = setting('primary_framework') %}
with stays as (

    select
        entries.person_id,
        entries.stage,
        entries.entered_at,
        entries.exited_at,
        {{ month_of('entries.entered_date') }} as entered_month,
        {{ to_reporting_time('coalesce(entries.exited_at, ' ~ as_of() ~ ')') }} as stayed_until,
        row_number() over (partition by entries.person_id, entries.stage order by entries.entered_at) as visit
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage
    where entries.framework = '{{ primary }}' and stages.rank > 0

),

told as (

    select * from {{ ref('journey_map') }}
    where framework = '{{ primary }}' and customer_type = 'all' and persona = 'all'

),

periods as (

    select distinct
        period,
        case when period <> 'all' then cast(period || '-01' as date) end as month_start
    from told

),

present as (

    select
        periods.period,
        stays.stage,
        count(distinct stays.person_id) as persons,
        count(distinct case
            when stays.visit = 1 and (stays.entered_month = periods.month_start or periods.period = 'all') then stays.person_id
        end) as entered
    from periods
    inner join stays
        on periods.period = 'all'
        or stays.entered_month = periods.month_start
        {# who left in the very moment in which the month began was not there in it any more #}
        or (stays.entered_month < periods.month_start and stays.stayed_until > cast(periods.month_start as timestamp))
    group by periods.period, stays.stage

),

answers as (

    select
        stays.stage,
        responses.survey_type,
        responses.person_id,
        sum(responses.emotion_score) / count(*) as emotion,
        count(*) as responses
    from {{ ref('fct_survey_responses') }} as responses
    inner join stays
        on responses.person_id = stays.person_id
        and responses.responded_at >= stays.entered_at
        and (responses.responded_at < stays.exited_at or stays.exited_at is null)
    where responses.emotion_score is not null and responses.person_id <> 'unknown'
    group by stays.stage, responses.survey_type, responses.person_id

),

emotions as (

    select
        stage,
        survey_type,
        sum(emotion) / count(*) as mean_score,
        sum(responses) as responses
    from answers
    group by stage, survey_type

)

select concat_ws(' ', coalesce(told.period, present.period), coalesce(told.stage, present.stage)) as problem
from told
full outer join present
    on told.period = present.period
    and told.stage = present.stage
where
    coalesce(told.persons, 0) <> coalesce(present.persons, 0)
    or coalesce(told.entered, 0) <> coalesce(present.entered, 0)
union all
select concat_ws(' ', coalesce(told.stage, emotions.stage), coalesce(told.survey_type, emotions.survey_type)) as problem
from (
    select * from {{ ref('journey_map_emotions') }}
    where framework = '{{ primary }}' and period = 'all' and customer_type = 'all' and persona = 'all'
) as told
full outer join emotions
    on told.stage = emotions.stage
    and told.survey_type = emotions.survey_type
where
    told.responses is distinct from emotions.responses
    or abs(told.mean_score - emotions.mean_score) > 1e-6
