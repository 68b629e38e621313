{#-
    Sets of stages of all frameworks as bitmasks: each bigint holds 63 stages, one bit per stage (int_framework_stages.mask_number and
    mask_bit). With them a fact, person or count needs one row for all frameworks, instead of one per framework and stage; is_in_mask
    joins the stages at the end. `stage_masks` in dbt_project.yml is the number of bigints.
-#}

{#- Number of stages that one mask holds: a bit each in a bigint, without its sign. -#}
{% macro stages_per_mask() -%}63{%- endmacro %}

{#-
    Repeats a text for every mask, with the number of the mask in place of #. Example: each_mask('mask_# <> 0', ' or ') is mask_0 <> 0
    or mask_1 <> 0
-#}
{% macro each_mask(text, between=', ') -%}
    {%- for mask in range(var('stage_masks')) -%}{{ text | replace('#', mask) }}{{ between if not loop.last }}{%- endfor -%}
{%- endmacro %}

{#- The mask columns of a relation, for select and group by. Example: {{ mask_columns('facts') }} is facts.mask_0, facts.mask_1 -#}
{% macro mask_columns(relation=none) -%}{{ each_mask((relation ~ '.' if relation else '') ~ 'mask_#') }}{%- endmacro %}

{#-
    Aggregates that collect the stages of a group of rows, as a dict from column to aggregate. mask_unions writes them as a select
    list.
-#}
{% macro mask_measures() -%}
    {%- set measures = {} -%}
    {%- for mask in range(var('stage_masks')) -%}{%- do measures.update({'mask_' ~ mask: 'cast(bit_or(mask_' ~ mask ~ ') as bigint)'}) -%}{%- endfor -%}
    {{ return(measures) }}
{%- endmacro %}
{% macro mask_unions() -%}
    {%- for name, union_of_bits in mask_measures().items() -%}{{ union_of_bits }} as {{ name }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro %}

{#-
    Mask columns with the stages for which a condition holds.

    Parameters: stages, an alias of int_framework_stages, of which each row may occur once per group; condition, SQL; name, the prefix
      of the columns.
-#}
{% macro masks_of_stages(stages, condition, name='mask_') -%}
    {{ each_mask(
        'cast(coalesce(sum(case when ' ~ stages ~ '.mask_number = # and ' ~ condition ~ ' then ' ~ stages ~ '.mask_bit end), 0) as bigint) as ' ~ name ~ '#'
    ) }}
{%- endmacro %}

{#- SQL condition: the masks of a row contain at least one stage. -#}
{% macro has_any_stage(name='mask_') -%}({{ each_mask(name ~ '# <> 0', ' or ') }}){%- endmacro %}

{#-
    SQL condition that joins `stages` (int_framework_stages) to the rows whose masks contain them.

    Example: inner join int_framework_stages as stages on {{ is_in_mask('facts', 'stages') }}
-#}
{% macro is_in_mask(relation, stages) -%}
    ({{ each_mask('(' ~ stages ~ '.mask_number = # and (' ~ relation ~ '.mask_# & ' ~ stages ~ '.mask_bit) <> 0)', ' or ') }})
{%- endmacro %}
