select
    events.churn_type, coalesce(events.last_touch_type, 'unknown') as touchpoint_type, coalesce(types.label_en, 'None known') as label_en,
    coalesce(types.label_vi, 'Không rõ') as label_vi, count(*) as churned, median(events.days_since_last_touch) as median_days_before
from marts.fct_churn_events as events
left join marts.dim_touchpoint_types as types on events.last_touch_type = types.touchpoint_type
group by all
having count(*) >= 5
order by events.churn_type, churned desc, touchpoint_type
