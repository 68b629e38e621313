select
    month_start, created_deals, won_deals, lost_deals, open_deals, open_amount, win_rate, win_rate_low, win_rate_high,
won_amount, median_cycle_days, lead_answer_rate, median_hours_to_answer, mql_acceptance_rate
from marts.kpi_pipeline
where dimension = 'all' and is_complete
order by month_start
