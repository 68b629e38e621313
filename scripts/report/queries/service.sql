select
    month_start, tickets, median_first_response_hours, median_resolution_hours, within_target_rate, within_target_rate_low,
    within_target_rate_high, open_tickets
from marts.kpi_service
where dimension = 'all' and is_complete
order by month_start
