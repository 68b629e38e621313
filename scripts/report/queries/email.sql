select
    month_start, sent, delivered, opened, open_rate, open_rate_low, open_rate_high, clicked, click_rate,
click_rate_low, click_rate_high, click_to_open_rate, unsubscribe_rate, complaint_rate
from marts.kpi_email
where dimension = 'all' and is_complete
order by month_start
