select cohort_month, customers, cost_to_acquire, cac, ltv_cac_3m, ltv_cac_6m, ltv_cac_12m, ltv_cac_24m
from marts.kpi_cohort_value
where dimension = 'all' and months_since = 0 and customers >= 5
order by cohort_month
