select
    customer_type, customers, median_cycle_days, median_touches, median_channels, persons_per_buying_group, orders, net_revenue,
    average_order_value, repeat_rate, repeat_rate_low, repeat_rate_high, average_customer_revenue, average_predicted_clv_12m
from marts.kpi_customer_types
where period = 'all' and customers >= 5
order by customer_type
