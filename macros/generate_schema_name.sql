{#-
    Schemas are named for what they hold (staging, marts, …) on every target: a build has a warehouse of its own, so no prefix is needed.
    On Spark, where one catalog holds what is built and what is published, marts are built in marts_building: readers see `marts`.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name == 'marts' and target.type == 'spark' -%}
        marts_building
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
