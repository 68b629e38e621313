select framework, rank, path, stage_count, persons, advanced, left_persons, in_progress, conversion_rate, share_of_advanced, share_of_left, median_days
from marts.journey_paths
where rank <= 15 and persons >= 5
order by framework, rank
