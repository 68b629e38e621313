{%- set labels = {'channel': 'channel', 'stage_at_response': 'stage'} -%}
{%- set standard_score -%}
    cast(oriented.standard_lowest as double) + cast(oriented.score - oriented.lowest_score as double)
    * cast(oriented.standard_highest - oriented.standard_lowest as double)
    / nullif(cast(oriented.highest_score - oriented.lowest_score as double), 0)
{%- endset -%}

with resolved as (

    select
        responses.*,
        {{ person_key_of(['contact_id', 'email']) }} as person_key
    from {{ shown_texts(
        accepted('feedback', 'survey_responses'), 'feedback.survey_responses', ['survey_kind', 'touchpoint', 'channel']
    ) }} as responses
    {{ join_persons('responses', ['contact_id', 'email'], 'responded_at') }}

),

responses as (

    select
        resolved.*,
        persons.person_id
    from resolved
    inner join {{ ref('int_persons') }} as persons on resolved.person_key = persons.person_key

),

scaled as (

    select
        responses.*,
        coalesce(responses.scale_min, scales.scale_min) as lowest_score,
        coalesce(responses.scale_max, scales.scale_max) as highest_score,
        scales.scale_min as standard_lowest,
        scales.scale_max as standard_highest,
        scales.best_end
    from responses
    inner join {{ ref('survey_scales') }} as scales on responses.survey_type = scales.survey_type

),

{# mirrors the score if the low end of the scale is the good one #}
oriented as (

    select
        *,
        case when best_end = 'low' then lowest_score + highest_score - score else score end as good_score,
        {# NPS limits are 9 and 6 on 0-10 and 1-10; on any other scale they lie at the same share of the scale as on 0-10 #}
        case
            when highest_score = 10 and lowest_score in (0, 1) then score >= 9
            else 10 * (score - lowest_score) >= 9 * (highest_score - lowest_score) and highest_score > lowest_score
        end as is_promoter,
        case
            when highest_score = 10 and lowest_score in (0, 1) then score <= 6
            else 10 * (score - lowest_score) <= 6 * (highest_score - lowest_score) and highest_score > lowest_score
        end as is_detractor
    from scaled

),

responses_at_stages as (

    select
        oriented.response_id,
        oriented.person_id,
        oriented.invitation_id,
        oriented.survey_type,
        coalesce(oriented.survey_kind_shown, 'unknown') as survey_kind,
        oriented.responded_at,
        {{ reporting_date('oriented.responded_at') }} as responded_date,
        coalesce(oriented.touchpoint_shown, 'unknown') as touchpoint,
        coalesce(oriented.channel_shown, 'unknown') as channel,
        oriented.score,
        oriented.lowest_score as scale_min,
        oriented.highest_score as scale_max,
        case
            when oriented.lowest_score = oriented.standard_lowest and oriented.highest_score = oriented.standard_highest then oriented.score
            else
                cast({{ round_double(standard_score, 4) }} as decimal(18, 4))
        end as standard_score,
        case
            when oriented.survey_type <> 'nps' then cast(null as string)
            when oriented.is_promoter then 'promoter'
            when oriented.is_detractor then 'detractor'
            else 'passive'
        end as nps_group,
        {# top two boxes; on a scale of two only the better one, on one finer than 0-10 the quarter that is 4 and 5 on 1-5 #}
        case
            when oriented.survey_type <> 'csat' then null
            when oriented.highest_score - oriented.lowest_score > 10
                then 4 * (oriented.highest_score - oriented.good_score) <= oriented.highest_score - oriented.lowest_score
            else oriented.good_score >= oriented.highest_score - 1 and oriented.good_score > oriented.lowest_score
        end as is_satisfied,
        case
            when oriented.survey_type = 'ces' then 2 * oriented.good_score > oriented.lowest_score + oriented.highest_score
        end as is_low_effort,
        cast(case
            when oriented.survey_type = 'nps' then case when oriented.is_promoter then 1 when oriented.is_detractor then -1 else 0 end
            else
                2 * cast(oriented.good_score - oriented.lowest_score as double)
                / nullif(cast(oriented.highest_score - oriented.lowest_score as double), 0) - 1
        end as double) as emotion_score,
        coalesce(stages.stage, 'none') as stage_at_response
    from oriented
    {{ join_stage_at('oriented', 'responded_at') }}

)

select
    *,
    {{ latest_answer_rank(month_of('responded_date')) }} = 1 as is_latest_of_month
from {{ with_labels('responses_at_stages', labels) }} as responses_at_stages
