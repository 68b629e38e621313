select
    frequency, sum(customers) as customers, sum(predicted_purchases) as predicted_purchases, sum(actual_purchases) as actual_purchases,
    sum(predicted_revenue) as predicted_revenue, sum(actual_revenue) as actual_revenue
from marts.kpi_clv_backtest
group by frequency
having sum(customers) >= 5
order by try_cast(frequency as integer) nulls last, frequency
