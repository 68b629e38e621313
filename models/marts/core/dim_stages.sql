with definitions as (

    select * from {{ ref('stage_labels') }}

),

versions as (

    {%- for stage in var('stage_definitions') %}
    select '{{ stage }}' as stage, '{{ definition_version(stage) }}' as definition_version
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    versions.stage,
    coalesce(definitions.label_en, versions.stage) as label_en,
    coalesce(definitions.label_vi, versions.stage) as label_vi,
    versions.definition_version
from versions
left join definitions on versions.stage = definitions.stage
union all
select
    'unknown' as stage,
    'Unknown' as label_en,
    'Không rõ' as label_vi,
    '' as definition_version
