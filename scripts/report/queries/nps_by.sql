-- one answer a person, month and kind; the interval is the adjusted Wald interval of Rocks (2016) over the answers
with parts as (
    select
        survey_kind, dimension, dimension_value, max(dimension_value_label_en) as dimension_value_en,
        max(dimension_value_label_vi) as dimension_value_vi, sum(responses) as responses, sum(promoters) as promoters, sum(detractors) as detractors,
        sum(responses) + 3 as n, (sum(promoters) + 0.75) / (sum(responses) + 3) as p, (sum(detractors) + 0.75) / (sum(responses) + 3) as d
    from marts.kpi_nps
    where dimension <> 'all'
    group by survey_kind, dimension, dimension_value
)

select
    survey_kind, dimension, dimension_value, dimension_value_en, dimension_value_vi, responses, promoters, detractors, 100.0 * (promoters - detractors) / responses as nps,
    case when responses >= nps_min_responses then 100 * greatest(p - d - 1.959964 * sqrt((p + d - (p - d) * (p - d)) / n), -1) end as nps_low,
    case when responses >= nps_min_responses then 100 * least(p - d + 1.959964 * sqrt((p + d - (p - d) * (p - d)) / n), 1) end as nps_high
from parts
cross join (select coalesce(cast(settings ->> 'nps_min_responses' as integer), 30) as nps_min_responses from marts.build_info)
where responses >= 5
order by survey_kind, dimension, responses desc, dimension_value
