-- after buying: NPS asked of customers, of the last six whole months, and the touchpoint with the fewest satisfied
with months as (
    select * from marts.kpi_nps
    where dimension = 'all' and survey_kind = 'relational' and is_complete
    qualify row_number() over (order by month_start desc) <= 6
),

nps as (
    select sum(responses) as responses, 100.0 * (sum(promoters) - sum(detractors)) / nullif(sum(responses), 0) as nps,
        sum(responses) + 3 as n, (sum(promoters) + 0.75) / (sum(responses) + 3) as p, (sum(detractors) + 0.75) / (sum(responses) + 3) as d
    from months
),

touchpoints as (
    select dimension_value as touchpoint, max(dimension_value_label_en) as touchpoint_en,
        max(dimension_value_label_vi) as touchpoint_vi, sum(satisfied) as satisfied, sum(responses) as answers, sum(satisfied) * 1.0 / sum(responses) as csat
    from marts.kpi_csat
    where dimension = 'touchpoint' and survey_kind = 'transactional'
    group by dimension_value
    having sum(responses) >= 30
    order by csat, touchpoint
    limit 1
)

select nps.responses, nps.nps, 100 * (p - d - 1.959964 * sqrt((p + d - (p - d) * (p - d)) / n)) as nps_low,
    100 * (p - d + 1.959964 * sqrt((p + d - (p - d) * (p - d)) / n)) as nps_high, touchpoints.*
from nps
left join touchpoints on true
where nps.responses >= 30
