select
    framework, stage, title_en, title_vi, owner, due_date, status, is_overdue, kpi_name, kpi_name_vi, kpi_baseline, kpi_now, kpi_change
from marts.journey_actions
order by framework, due_date, action_id
