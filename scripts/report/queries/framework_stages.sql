select
    framework, stage, rank, is_in_funnel, label_en, label_vi, department_label_en, department_label_vi, kpi_name, kpi_name_vi,
    customer_goal, customer_goal_vi, thought, thought_vi, barrier, barrier_vi, typical_emotion, typical_emotion_vi, content, content_vi,
    row_number() over (partition by framework order by is_in_funnel, rank desc) = 1 as is_last
from marts.dim_framework_stages
where rank > 0
order by framework, is_in_funnel desc, rank
