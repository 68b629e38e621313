select month_start, reviews, mean_rating, positive, neutral, negative, positive_rate, positive_rate_low, positive_rate_high, replied_rate, median_reply_hours
from marts.kpi_reviews
where dimension = 'all' and is_complete and reviews > 0
order by month_start
