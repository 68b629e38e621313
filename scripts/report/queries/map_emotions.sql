select framework, customer_type, persona, period, stage, survey_type, persons, responses, mean_score, low, high
from marts.journey_map_emotions
order by framework, customer_type, persona, period, rank, survey_type
