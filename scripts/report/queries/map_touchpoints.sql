select
    framework, customer_type, persona, period, stage, touchpoint_type, touches, persons, emotion_score, responses, kpi_name,
    kpi_name_vi, kpi_value, attributed_conversions
from marts.journey_map_touchpoints
order by framework, customer_type, persona, period, stage, touches desc, touchpoint_type
