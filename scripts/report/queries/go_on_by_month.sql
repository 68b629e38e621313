select
    framework, stage, rank, label_en, label_vi, cohort_month, entered, converted, in_progress, is_mature, conversion_rate,
    conversion_rate_to_date, rate_low, rate_high
from marts.kpi_funnel
where cohort <> 'all' and dimension = 'all'
order by framework, cohort_month, rank
