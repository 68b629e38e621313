select
    framework, stage, rank, is_in_funnel, label_en, label_vi, department, kpi_name, kpi_name_vi, customer_goal,
    customer_goal_vi, thought, thought_vi, barrier, barrier_vi, typical_emotion, typical_emotion_vi, content, content_vi
from marts.dim_framework_stages
where rank > 0
order by framework, rank
