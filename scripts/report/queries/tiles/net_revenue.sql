select month_start as moment, net_revenue as value
from marts.kpi_sales
where dimension = 'all' and is_complete
order by moment
