with responses as (

    select
        responses.*,
        {{ person_id_of(['contact_id', 'email']) }} as person_id
    from {{ accepted('feedback', 'survey_responses') }} as responses
    {{ join_persons('responses', ['contact_id', 'email'], 'responded_at') }}

),

scaled as (

    select
        responses.*,
        coalesce(responses.scale_min, scales.scale_min) as lowest_score,
        coalesce(responses.scale_max, scales.scale_max) as highest_score
    from responses
    inner join {{ ref('survey_scales') }} as scales on responses.survey_type = scales.survey_type

)

select
    scaled.response_id,
    scaled.person_id,
    scaled.invitation_id,
    scaled.survey_type,
    coalesce(scaled.survey_kind, 'unknown') as survey_kind,
    scaled.responded_at,
    {{ reporting_date('scaled.responded_at') }} as responded_date,
    coalesce(scaled.touchpoint, 'unknown') as touchpoint,
    coalesce(scaled.channel, 'unknown') as channel,
    scaled.score,
    scaled.lowest_score as scale_min,
    scaled.highest_score as scale_max,
    case
        when scaled.survey_type <> 'nps' then cast(null as string)
        when scaled.score >= 9 then 'promoter'
        when scaled.score <= 6 then 'detractor'
        else 'passive'
    end as nps_group,
    cast(case
        when scaled.survey_type = 'nps' then case when scaled.score >= 9 then 1 when scaled.score <= 6 then -1 else 0 end
        else
            2 * cast(scaled.score - scaled.lowest_score as double)
            / nullif(cast(scaled.highest_score - scaled.lowest_score as double), 0) - 1
    end as double) as emotion_score,
    coalesce(stages.stage, 'none') as stage_at_response
from scaled
{{ join_stage_at('scaled', 'responded_at') }}
