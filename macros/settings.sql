{#-
    What a company sets about itself. A value comes from the dbt var of that name; without one from what this warehouse was last built
    with, so that a plain `dbt build` repeats what scripts/build did; without that from `default_settings` in dbt_project.yml.
-#}
{% macro setting(name) -%}
    {%- set defaults = var('default_settings') -%}
    {%- if name not in defaults -%}
        {{ exceptions.raise_compiler_error("There is no setting '" ~ name ~ "'. dbt_project.yml lists them under default_settings.") }}
    {%- endif -%}
    {%- set given = var(name, none) -%}
    {%- if given is not none -%}{{ return(given) }}{%- endif -%}
    {{ return(remembered_settings().get(name, defaults[name])) }}
{%- endmacro %}

{% macro settings_relation() -%}
    {{ return(api.Relation.create(database=target.database, schema='private', identifier='settings')) }}
{%- endmacro %}

{#- Read once a run: `graph` is what all nodes of a run share. -#}
{% macro remembered_settings() -%}
    {%- if not execute -%}{{ return({}) }}{%- endif -%}
    {%- if 'remembered_settings' not in graph -%}
        {%- set remembered = {} -%}
        {%- set relation = settings_relation() -%}
        {%- if adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
            {%- for row in run_query('select name, value from ' ~ relation).rows -%}
                {%- do remembered.update({row[0]: fromjson(row[1])}) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do graph.update({'remembered_settings': remembered}) -%}
    {%- endif -%}
    {{ return(graph['remembered_settings']) }}
{%- endmacro %}

{#- On-run-start: what this run was told explicitly is what a plain run later repeats. -#}
{% macro remember_settings() -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set remembered = {} -%}
        {%- do remembered.update(remembered_settings()) -%}
        {%- set given = {} -%}
        {%- for name in var('default_settings') if var(name, none) is not none -%}
            {%- do given.update({name: var(name)}) -%}
        {%- endfor -%}
        {%- if given -%}
            {%- do remembered.update(given) -%}
            {%- set rows = [] -%}
            {%- for name, value in remembered.items() -%}
                {%- do rows.append("select '" ~ name ~ "' as name, " ~ string_literal(tojson(value)) ~ " as value") -%}
            {%- endfor -%}
            {%- do adapter.create_schema(settings_relation()) -%}
            {%- do replace_table(settings_relation(), rows | join(' union all ')) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro as_of() -%}cast('{{ modules.datetime.datetime.fromisoformat((setting('as_of') or run_started_at.isoformat()) | replace('Z', '+00:00')).astimezone(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f') }}' as timestamp){%- endmacro %}
