select month_start as moment, ending as value, nrr, ending_accounts as n
from marts.kpi_mrr
where customer_type = 'all' and is_complete
order by moment
