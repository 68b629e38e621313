{%- set texts = [
    'department', 'kpi_name', 'customer_goal', 'customer_goal_vi', 'thought', 'thought_vi', 'barrier', 'barrier_vi',
    'typical_emotion', 'typical_emotion_vi', 'content',
] -%}

select
    framework || '.' || stage as framework_stage_key,
    framework,
    stage,
    rank,
    is_in_funnel,
    label_en,
    label_vi,
    department,
    kpi_name,
    customer_goal,
    customer_goal_vi,
    thought,
    thought_vi,
    barrier,
    barrier_vi,
    typical_emotion,
    typical_emotion_vi,
    content,
    content_vi
from {{ ref('framework_stages') }}
union all
select
    'unknown.unknown' as framework_stage_key,
    'unknown' as framework,
    'unknown' as stage,
    cast(0 as decimal(4, 1)) as rank,
    false as is_in_funnel,
    'Unknown' as label_en,
    'Không rõ' as label_vi,
    {% for column in texts -%}
    cast(null as string) as {{ column }},
    {% endfor -%}
    cast(null as string) as content_vi
