-- NPS of the last whole month, as on its page, and the touchpoint after which most people were not satisfied
with nps as (
    select month_start, responses, nps, nps_low, nps_high
    from marts.kpi_nps
    where dimension = 'all' and survey_kind = 'relational' and is_complete and nps_low is not null
    order by month_start desc
    limit 1
),

touchpoints as (
    select
        dimension_value as touchpoint, max(dimension_value_label_en) as touchpoint_en, max(dimension_value_label_vi) as touchpoint_vi,
        sum(responses) as answers, sum(responses) - sum(satisfied) as unsatisfied,
        (sum(responses) - sum(satisfied)) * 1.0 / sum(responses) as unsatisfied_rate
    from marts.kpi_csat
    where dimension = 'touchpoint' and survey_kind = 'transactional'
    group by dimension_value
    having sum(responses) >= 30
    order by unsatisfied desc, touchpoint
    limit 1
)

select nps.*, touchpoints.*
from nps
inner join touchpoints on true
