{%- set definitions = var('stage_definitions') -%}
{#- a set of definitions is a bigint, of which the sign bit is not used -#}
{%- if definitions | length > 63 -%}
    {{ exceptions.raise_compiler_error(
        "dbt_project.yml lists " ~ definitions | length ~ " stage_definitions; at most 63 fit. Merge some, or leave those out that no framework uses."
    ) }}
{%- endif -%}

with definitions as (

    {%- for definition in definitions %}
    select
        '{{ definition }}' as definition,
        cast({{ 2 ** loop.index0 }} as bigint) as bit,
        '{{ definition_version(definition) }}' as definition_version
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

crm_stages as (

    select distinct stage as definition
    from {{ ref('crm_stage_map') }}

)

select
    definitions.definition,
    definitions.bit,
    definitions.definition_version,
    crm_stages.definition is not null as can_override
from definitions
left join crm_stages on definitions.definition = crm_stages.definition
