select month_start, churn_type, sum(churned) as churned, max(customers_at_start) as customers_at_start, max(churn_rate) as churn_rate, sum(mrr_lost) as mrr_lost
from marts.kpi_churn
where reason = 'all' and churn_type <> 'all' and is_complete
group by month_start, churn_type
order by month_start, churn_type
