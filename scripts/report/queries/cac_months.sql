select attribution_model, cohort_month as month_start, customers, paid_customers, spend, blended_cac, paid_cac
from marts.kpi_unit_economics
where dimension = 'all' and is_complete and customers >= 5
order by attribution_model, cohort_month
