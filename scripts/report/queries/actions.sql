select
    framework, stage, title_en, title_vi, owner_label_en, owner_label_vi, due_date,
    case when is_overdue then 'overdue' else status end as status, kpi_name, kpi_name_vi, kpi_baseline, kpi_now, kpi_change
from marts.journey_actions
order by framework, due_date, action_id
