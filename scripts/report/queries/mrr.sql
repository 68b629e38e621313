select
    month_start, starting, new, expansion, reactivation, -contraction as contraction, -churn as churn, transfer, fx, ending, nrr, grr, quick_ratio,
    ending_accounts
from marts.kpi_mrr
where customer_type = 'all' and is_complete
order by month_start
