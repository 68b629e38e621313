select framework, stage, rank, label_en, label_vi, entered, converted, dropped, conversion_rate, rate_low, rate_high, median_hours_to_next
from marts.kpi_funnel
where cohort = 'all' and dimension = 'all'
order by framework, rank
