select survey_kind, month_start, responses, promoters, passives, detractors, nps, nps_low, nps_high
from marts.kpi_nps
where dimension = 'all' and is_complete and responses > 0
order by survey_kind, month_start
