select
    month_start, orders, delivered, median_delivery_hours, on_time, late, on_time_rate, on_time_rate_low,
on_time_rate_high, overdue, return_rate, refund_amount
from marts.kpi_fulfilment
where dimension = 'all' and is_complete
order by month_start
