{#- Schemas are named for what they hold (staging, marts, …) on every target: a build has a warehouse of its own, so no prefix is needed. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
