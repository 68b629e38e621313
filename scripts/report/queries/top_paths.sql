select conversion_type, rank, path, length, conversions, share, revenue, median_days
from marts.attribution_paths
where rank <= 15 and conversions >= 5
order by conversion_type, rank
