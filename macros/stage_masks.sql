{#-
    Sets of stages, of all frameworks at once, in bigints: each holds 63 stages, a bit a stage (int_framework_stages.mask_number and
    mask_bit). So a fact, a person or a count meets all frameworks in one row; what is counted a mask is told a stage in the end, where
    `is_in_mask` joins. `stage_masks` in dbt_project.yml says how many bigints there are.
-#}
{% macro stages_per_mask() -%}63{%- endmacro %}

{#- The same text for each mask, its number in place of #. -#}
{% macro each_mask(text, between=', ') -%}
    {%- for mask in range(var('stage_masks')) -%}{{ text | replace('#', mask) }}{{ between if not loop.last }}{%- endfor -%}
{%- endmacro %}

{#- The columns of the masks, to select and to group by. -#}
{% macro mask_columns(relation=none) -%}{{ each_mask((relation ~ '.' if relation else '') ~ 'mask_#') }}{%- endmacro %}

{#- The stages that any row of a group has: the column of each mask and what it is made by. -#}
{% macro mask_measures() -%}
    {%- set measures = {} -%}
    {%- for mask in range(var('stage_masks')) -%}{%- do measures.update({'mask_' ~ mask: 'cast(bit_or(mask_' ~ mask ~ ') as bigint)'}) -%}{%- endfor -%}
    {{ return(measures) }}
{%- endmacro %}
{% macro mask_unions() -%}
    {%- for name, union_of_bits in mask_measures().items() -%}{{ union_of_bits }} as {{ name }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{#- The masks of the stages that a condition holds for; `stages` is int_framework_stages, each of its rows once a group. -#}
{% macro masks_of_stages(stages, condition, name='mask_') -%}
    {{ each_mask(
        'cast(coalesce(sum(case when ' ~ stages ~ '.mask_number = # and ' ~ condition ~ ' then ' ~ stages ~ '.mask_bit end), 0) as bigint) as ' ~ name ~ '#'
    ) }}
{%- endmacro %}

{#- Whether any stage is in the masks of a row. -#}
{% macro has_any_stage(name='mask_') -%}({{ each_mask(name ~ '# <> 0', ' or ') }}){%- endmacro %}

{#- Joins `stages` (int_framework_stages) to the rows in whose masks they are. -#}
{% macro is_in_mask(relation, stages) -%}
    ({{ each_mask('(' ~ stages ~ '.mask_number = # and (' ~ relation ~ '.mask_# & ' ~ stages ~ '.mask_bit) <> 0)', ' or ') }})
{%- endmacro %}
