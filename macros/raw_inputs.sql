{#-
    On-run-start hook: creates every raw table that was not landed, as an empty table, so that every model can be built. If an EL tool
    landed the tables, the missing ones are added to its schema.
-#}
{% macro ensure_raw_tables() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'test', 'seed', 'show'] -%}
        {%- for table in graph.sources.values() if table.package_name == project_name and table.config.meta.main is defined -%}
            {%- set relation = api.Relation.create(database=target.database, schema=table.schema, identifier=table.identifier) -%}
            {%- if not adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
                {%- do adapter.create_schema(relation) -%}
                {%- do run_query('create table ' ~ relation ~ ' (' ~ raw_columns(table) | join(' string, ') ~ ' string, _file_id bigint, _row_number bigint)') -%}
            {%- endif -%}
        {%- endfor -%}
        {#- Tables that the build step fills; a plain dbt run may come before the first build. -#}
        {%- for table in graph.sources.values() if table.package_name == project_name and table.source_name == 'private' -%}
            {%- set relation = api.Relation.create(database=target.database, schema=table.schema, identifier=table.identifier) -%}
            {%- if not adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
                {%- do adapter.create_schema(relation) -%}
                {%- set columns = [] -%}
                {%- for column in table.columns.values() -%}
                    {%- do columns.append(column.name ~ ' ' ~ column.data_type) -%}
                {%- endfor -%}
                {%- do run_query('create table ' ~ relation ~ ' (' ~ columns | join(', ') ~ ')') -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Columns of a landed table, all text: those of its source .yml, updated_at and is_deleted. -#}
{% macro raw_columns(table) -%}
    {{ return((table.columns | list) + ['updated_at', 'is_deleted']) }}
{%- endmacro %}
