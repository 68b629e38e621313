select
    drivers.framework, drivers.stage, stages.rank, stages.label_en, stages.label_vi, drivers.factor_type, drivers.factor,
    drivers.share_of_advanced, drivers.share_of_left, drivers.difference, drivers.difference_low, drivers.difference_high,
    drivers.advanced, drivers.left_persons, drivers.q_value
from marts.journey_drivers as drivers
inner join marts.dim_framework_stages as stages using (framework, stage)
where drivers.is_significant and drivers.advanced >= 30 and drivers.left_persons >= 30
qualify row_number() over (partition by drivers.framework order by abs(drivers.difference) desc, drivers.stage, drivers.factor_type, drivers.factor) <= 12
order by drivers.framework, drivers.difference desc, drivers.stage, drivers.factor_type, drivers.factor
