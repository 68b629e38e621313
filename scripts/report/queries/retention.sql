select cohort_month, months_since, customers, active, retention_rate, retention_rate_low, retention_rate_high
from marts.kpi_retention
where dimension = 'all' and is_complete and customers >= 5
order by cohort_month, months_since
