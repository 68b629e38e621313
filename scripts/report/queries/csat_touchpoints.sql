with parts as (
    select
        dimension_value as touchpoint, max(dimension_value_label_en) as touchpoint_en,
        max(dimension_value_label_vi) as touchpoint_vi, sum(responses) as n, sum(satisfied) as hits,
        sum(satisfied) * 1.0 / sum(responses) as p
    from marts.kpi_csat
    where dimension = 'touchpoint' and survey_kind = 'transactional' and responses > 0
    group by dimension_value
)

-- Wilson (1927)
select
    touchpoint, touchpoint_en, touchpoint_vi, n as responses, hits as satisfied, n - hits as unsatisfied, p as csat,
    (p + 1.920729 / n - 1.959964 * sqrt(p * (1 - p) / n + 0.960365 / (n * n))) / (1 + 3.841459 / n) as low,
    (p + 1.920729 / n + 1.959964 * sqrt(p * (1 - p) / n + 0.960365 / (n * n))) / (1 + 3.841459 / n) as high
from parts
where n >= 5
order by p, touchpoint
