select
    framework, stage, rank, label_en, label_vi, dimension_value as persona, entered, converted, conversion_rate, rate_low, rate_high
from marts.kpi_funnel
where cohort = 'all' and dimension = 'persona' and entered >= 5
order by framework, rank, persona
