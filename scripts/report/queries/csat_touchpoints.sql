with parts as (
    select
        survey_kind, dimension_value as touchpoint, sum(responses) as n, sum(satisfied) as hits,
        sum(satisfied) * 1.0 / sum(responses) as p
    from marts.kpi_csat
    where dimension = 'touchpoint' and responses > 0
    group by survey_kind, dimension_value
)

-- Wilson (1927)
select
    survey_kind, touchpoint, n as responses, hits as satisfied, p as csat,
    (p + 1.920729 / n - 1.959964 * sqrt(p * (1 - p) / n + 0.960365 / (n * n))) / (1 + 3.841459 / n) as low,
    (p + 1.920729 / n + 1.959964 * sqrt(p * (1 - p) / n + 0.960365 / (n * n))) / (1 + 3.841459 / n) as high
from parts
where n >= 5
order by survey_kind, p, touchpoint
