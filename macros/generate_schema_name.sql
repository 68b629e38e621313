{#-
    dbt's hook for schema names. Schemas are named after their layer (staging, marts, …) without a prefix, since each build has its
    own warehouse. On Spark one catalog holds built and published tables, so marts are built in marts_building and readers use
    `marts`.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name == 'marts' and target.type == 'spark' -%}
        marts_building
    {%- else -%}
        {{ custom_schema_name or target.schema }}
    {%- endif -%}
{%- endmacro %}
