select
    month_start, orders, buyers, net_revenue, average_order_value, arpu, new_buyers, returning_buyers,
repeat_order_share, cross_sell_rate, margin, cost_coverage
from marts.kpi_sales
where dimension = 'all' and is_complete
order by month_start
