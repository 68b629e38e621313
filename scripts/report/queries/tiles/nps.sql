select month_start as moment, nps as value, nps_low as low, nps_high as high, responses as n
from marts.kpi_nps
where dimension = 'all' and survey_kind = 'relational' and is_complete and responses > 0
order by moment
