{%- set texts = [
    'customer_goal', 'customer_goal_vi', 'thought', 'thought_vi', 'barrier', 'barrier_vi', 'typical_emotion', 'typical_emotion_vi',
    'content', 'content_vi',
] -%}

with stages as (

    select stages.*
    from {{ ref('framework_stages') }} as stages
    inner join {{ ref('int_frameworks') }} as frameworks on stages.framework = frameworks.framework

),

frameworks as (

    select distinct framework from stages

),

{# every framework has the stage none, for persons without an open stage #}
outside as (

    select
        framework,
        'none' as stage,
        'None' as label_en,
        'Không có' as label_vi
    from frameworks
    union all
    select
        'unknown' as framework,
        'unknown' as stage,
        'Unknown' as label_en,
        'Không rõ' as label_vi

)

select
    stages.framework || '.' || stages.stage as framework_stage_key,
    stages.framework,
    stages.stage,
    stages.rank,
    stages.is_in_funnel,
    stages.label_en,
    stages.label_vi,
    stages.department,
    departments.rank as department_rank,
    coalesce(departments.label_en, stages.department) as department_label_en,
    coalesce(departments.label_vi, stages.department) as department_label_vi,
    stages.kpi,
    kpis.label_en as kpi_name,
    kpis.label_vi as kpi_name_vi,
    {%- for column in texts %}
    stages.{{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from stages
left join {{ ref('stage_kpis') }} as kpis on stages.kpi = kpis.kpi
{# not joined to dim_labels, because dim_labels is built from this model #}
left join {{ ref('value_labels') }} as departments
    on departments.kind = 'department'
    and stages.department = departments.value
union all
select
    framework || '.' || stage as framework_stage_key,
    framework,
    stage,
    cast(0 as decimal(4, 1)) as rank,
    false as is_in_funnel,
    label_en,
    label_vi,
    cast(null as string) as department,
    cast(null as decimal(4, 1)) as department_rank,
    cast(null as string) as department_label_en,
    cast(null as string) as department_label_vi,
    cast(null as string) as kpi,
    cast(null as string) as kpi_name,
    cast(null as string) as kpi_name_vi,
    {%- for column in texts %}
    cast(null as string) as {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from outside
