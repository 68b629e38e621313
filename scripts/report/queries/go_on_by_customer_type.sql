select
    framework, stage, rank, label_en, label_vi, dimension_value as customer_type, entered, converted, conversion_rate, rate_low, rate_high
from marts.kpi_funnel
where cohort = 'all' and dimension = 'customer_type' and entered >= 5
order by framework, rank, customer_type
