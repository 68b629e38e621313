{%- set labels = {'stage': 'framework_stage', 'owner': 'department', 'status': 'action_status'} -%}

with actions as (

    select
        planned.*,
        stages.stage_number
    from {{ ref('journey_actions_planned') }} as planned
    inner join {{ ref('int_framework_stages') }} as stages
        on planned.framework = stages.framework
        and planned.stage = stages.stage

)

select
    actions.action_id,
    actions.framework,
    actions.stage,
    actions.title_en,
    actions.title_vi,
    actions.owner,
    actions.due_date,
    actions.status,
    {{ label_columns(labels, 'actions') }},
    actions.status <> 'done' and actions.due_date < {{ reporting_date(as_of()) }} as is_overdue,
    kpi_labels.label_en as kpi_name,
    kpi_labels.label_vi as kpi_name_vi,
    cast(actions.kpi_baseline as double) as kpi_baseline,
    kpis.value as kpi_now,
    kpis.value - cast(actions.kpi_baseline as double) as kpi_change
from {{ with_labels('actions', labels) }} as actions
left join {{ ref('stage_kpis') }} as kpi_labels on actions.kpi = kpi_labels.kpi
left join {{ ref('int_stage_kpis') }} as kpis
    on actions.stage_number = kpis.stage_number
    and actions.kpi = kpis.kpi
    and kpis.period = 0
    and kpis.cube_key = {{ hash_number("'all|all'") }}
