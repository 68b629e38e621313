select cohort_month, months_since, customers, cumulative_contribution_per_customer, cumulative_revenue_per_customer, cost_coverage
from marts.kpi_cohort_value
where dimension = 'all' and is_complete and cumulative_revenue_per_customer is not null and customers >= 5
order by cohort_month, months_since
