select
    framework, period, from_stage, from_rank, from_label_en, from_label_vi, to_stage, to_rank, to_label_en, to_label_vi, direction,
    direction = 'backward' as is_backward, transitions, persons, median_hours
from marts.journey_flow
where dimension = 'all'
order by framework, period, from_rank, to_rank, direction
