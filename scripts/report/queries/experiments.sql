select
    experiment, variant, conversion_type, persons, conversions, conversion_rate, lift, lift_low, lift_high, p_value_adjusted,
    power_of_10_percent_lift, has_sample_ratio_mismatch
from marts.kpi_experiments
where not is_control and conversion_type in ('order', 'customer') and lift is not null and persons >= 5
order by experiment, variant, conversion_type
limit 40
