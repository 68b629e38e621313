-- Recounts NPS, CSAT and CES by month from the scores alone. A score of 8 read as a promoter, or passives left out of the denominator,
-- would move NPS by tens of points without breaking a sum.
{%- set months = setting('nps_window_months') %}
with scored as (

    select
        responses.*,
        {{ month_of('responses.responded_date') }} as responded_month,
        {# tenths of the scale above 9 and above 6, on 0 to 10; a scale of 1 to 10 is read as 0 to 10 #}
        case
            when responses.scale_min = 1 and responses.scale_max = 10 then responses.score - 9
            else 10 * (responses.score - responses.scale_min) - 9 * (responses.scale_max - responses.scale_min)
        end as above_nine,
        case
            when responses.scale_min = 1 and responses.scale_max = 10 then responses.score - 6
            else 10 * (responses.score - responses.scale_min) - 6 * (responses.scale_max - responses.scale_min)
        end as above_six,
        case
            when scales.best_end = 'low' then responses.scale_max - responses.score
            else responses.score - responses.scale_min
        end as steps_from_worst,
        responses.scale_max - responses.scale_min as steps
    from {{ ref('fct_survey_responses') }} as responses
    inner join {{ ref('survey_scales') }} as scales on responses.survey_type = scales.survey_type

),

nps_months as (

    select * from {{ ref('kpi_nps') }}
    where dimension = 'all'

),

{# the latest answer per person and month #}
nps_answers as (

    select
        nps_months.month_start,
        scored.survey_kind,
        scored.above_nine >= 0 and scored.steps > 0 as is_promoter,
        scored.above_six <= 0 and scored.steps > 0 as is_detractor,
        row_number() over (
            partition by
                nps_months.month_start, scored.survey_kind,
                case when scored.person_id = 'unknown' then scored.response_id else scored.person_id end
            order by scored.responded_at desc, scored.response_id desc
        ) as place
    from nps_months
    inner join scored
        on nps_months.survey_kind = scored.survey_kind
        and scored.responded_month <= nps_months.month_start
        and {{ add_months('scored.responded_month', months) }} > nps_months.month_start
    where scored.survey_type = 'nps'

),

nps as (

    select
        month_start,
        survey_kind,
        count(*) as responses,
        count(*) filter (where is_promoter) as promoters,
        count(*) filter (where is_detractor) as detractors
    from nps_answers
    where place = 1
    group by month_start, survey_kind

),

others as (

    select
        responded_month as month_start,
        survey_kind,
        survey_type,
        count(*) as responses,
        {# the top two boxes; on a scale of two, the better one #}
        {# a scale finer than 0-10 is read as 1-5, of which the top two boxes are the upper quarter #}
        count(*) filter (
            where
            steps_from_worst > 0
            and case when steps > 10 then 4 * steps_from_worst >= 3 * steps else steps_from_worst >= steps - 1 end
        ) as top_boxes,
        count(*) filter (where 2 * steps_from_worst > steps) as upper_half
    from scored
    where survey_type <> 'nps'
    group by responded_month, survey_kind, survey_type

)

select concat_ws(' ', 'nps', cast(nps_months.month_start as string), nps_months.survey_kind) as problem
from nps_months
left join nps
    on nps_months.month_start = nps.month_start
    and nps_months.survey_kind = nps.survey_kind
where
    nps_months.responses <> coalesce(nps.responses, 0)
    or nps_months.promoters <> coalesce(nps.promoters, 0)
    or nps_months.detractors <> coalesce(nps.detractors, 0)
    or {{ differ('100e0 * (nps.promoters - nps.detractors) / nps.responses', 'nps_months.nps') }}
    or (nps_months.nps_low is not null) <> (coalesce(nps.responses, 0) >= {{ setting('nps_min_responses') }})
    or nps_months.nps_low > nps_months.nps_high
    {# the middle of the interval lies between NPS and 0: the three added answers pull it towards 0 #}
    or abs(nps_months.nps_low + nps_months.nps_high) > 2 * abs(nps_months.nps) + 1e-6
{%- for survey_type, satisfied, rate, counted in [
    ('csat', 'satisfied', 'csat', 'top_boxes'), ('ces', 'low_effort', 'low_effort_rate', 'upper_half'),
] %}
union all
select concat_ws(' ', '{{ survey_type }}', cast(published.month_start as string), published.survey_kind) as problem
from (
    select * from {{ ref('kpi_' ~ survey_type) }}
    where dimension = 'all'
) as published
left join others
    on published.month_start = others.month_start
    and published.survey_kind = others.survey_kind
    and others.survey_type = '{{ survey_type }}'
where
    published.responses <> coalesce(others.responses, 0)
    or published.{{ satisfied }} <> coalesce(others.{{ counted }}, 0)
    or {{ differ('cast(others.' ~ counted ~ ' as double) / others.responses', 'published.' ~ rate) }}
{%- endfor %}
union all
{# emotion_score of the journey map: -1 is the worst score, 1 the best #}
select response_id as problem
from scored
where
    {{ differ(
        "case when survey_type = 'nps' then case when steps = 0 then 0 when above_nine >= 0 then 1 when above_six <= 0 then -1 else 0 end"
        ~ " else 2e0 * cast(steps_from_worst as double) / nullif(cast(steps as double), 0) - 1 end",
        'emotion_score'
    ) }}
