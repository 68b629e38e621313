{#-
    On-run-start: every raw table of the contract exists, empty where nothing was landed, so that each model can be built.
    Where an EL tool landed the tables itself, those that it left out are added to its schema.
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
        {#- what belongs to the build step, which a plain dbt run may come before -#}
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

{#- The columns of a landed table, all of them text: those of the contract and the two that every table may carry. -#}
{% macro raw_columns(table) -%}
    {{ return((table.columns | list) + ['updated_at', 'is_deleted']) }}
{%- endmacro %}
