select cohort_month as moment, customers as value
from marts.kpi_cohort_value
where dimension = 'all' and months_since = 0 and is_complete
order by moment
