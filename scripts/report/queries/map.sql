select
    framework, customer_type, persona, period, stage, rank, persons, entered, converted, dropped, is_mature, conversion_rate, rate_low,
    rate_high, median_hours_to_next, median_hours_in_stage, emotion_score, emotion_low, emotion_high, emotion_responses, kpi_value
from marts.journey_map
where rank > 0
order by framework, customer_type, persona, period, rank
