{#-
    Fails where a table of sums has two rows of one grain, or a part of it is missing. The grain is said once, in the model's yml as
    `config: {meta: {grain: [...]}}`, where `journey diff` reads it too; its columns lead the table.
-#}
{% test unique_grain(model) %}
{%- if execute -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model.identifier] -%}
    {%- set columns = node.config.meta.grain -%}
    {%- if not columns or (node.columns | list)[:columns | length] != columns -%}
        {{ exceptions.raise_compiler_error(node.original_file_path ~ ": meta.grain names the leading columns of the table, in their order.") }}
    {%- endif -%}
select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1{% for column in columns %} or {{ column }} is null{% endfor %}
{%- endif -%}
{% endtest %}
