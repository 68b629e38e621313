-- leading: the places of a stage's touchpoints by persons, where the steps of an e-mail are one touchpoint with a row of its own;
-- above and below: those felt better than the stage, best first, and worse, worst first
with touchpoints as (
    select
        touches.framework, touches.customer_type, touches.persona, touches.period, touches.stage, touches.touchpoint_type, touches.touches,
        touches.persons, touches.emotion_score, touches.responses, touches.attributed_conversions,
        touches.touchpoint_type_label_en as label,
        touches.touchpoint_type like 'email\_%' escape '\' as is_step,
        round(touches.emotion_score - coalesce(stages.emotion_score, 0), 6) as better_by
    from marts.journey_map_touchpoints as touches
    left join marts.journey_map as stages using (framework, customer_type, persona, period, stage)
),

emails as (
    select
        framework, customer_type, persona, period, stage, 'email' as touchpoint_type, max(persons) as persons,
        coalesce(sum(touches) filter (where touchpoint_type = 'email_sent'), 0) as sent,
        coalesce(sum(touches) filter (where touchpoint_type = 'email_opened'), 0) as opened
    from touchpoints
    where is_step and persons > 0
    group by all
),

folded as (
    select * from touchpoints
    union all by name
    select * from emails
),

ranked as (
    select
        *,
        case when persons > 0 and is_step is not true then row_number() over (
            partition by framework, customer_type, persona, period, stage, persons > 0 and is_step is not true
            order by persons desc, touchpoint_type
        ) end as place,
        case when better_by >= 0 then row_number() over (
            partition by framework, customer_type, persona, period, stage order by emotion_score desc nulls last, label, touchpoint_type
        ) end as above,
        case when better_by < 0 then row_number() over (
            partition by framework, customer_type, persona, period, stage
            order by emotion_score nulls last, label desc, touchpoint_type desc
        ) end as below,
        row_number() over (
            partition by framework, customer_type, persona, period, stage order by touches desc nulls last, touchpoint_type
        ) as rank
    from folded
)

select
    framework, customer_type, persona, period, stage, touchpoint_type, touches, persons, emotion_score, responses, attributed_conversions,
    rank, sent, opened, above, below,
    case when place <= 3 then place end as leading,
    case when better_by is null then null when abs(better_by) < 0.05 then 'neutral' when better_by > 0 then 'good' else 'bad' end as tone
from ranked
order by framework, customer_type, persona, period, stage, touches desc nulls last, touchpoint_type
