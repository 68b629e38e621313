{#-
    Value of a setting: the dbt var of that name; else the value of the last build of this warehouse, so that a plain `dbt build`
    repeats what scripts/build did; else default_settings in dbt_project.yml.

    Parameters: name. An unknown name stops dbt.
    Example: {{ setting('lapse_days') }}
    Do not simplify: var() alone would make a plain dbt build use defaults, and so silently change the marts of a company that set
      something.
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

{#- Table in which remember_settings keeps the settings of the last build. -#}
{% macro settings_relation() -%}
    {{ return(api.Relation.create(database=target.database, schema='private', identifier='settings')) }}
{%- endmacro %}

{#- Settings of the last build, as a dict. They are read once per run and kept in `graph`, which all nodes of a run share. -#}
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

{#- On-run-start hook: saves the settings that were passed to this run as vars, for later runs without them. -#}
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

{#-
    The as-of as an SQL timestamp in UTC: setting as_of, else the start of the run. Models use it in place of the clock, so that a
    rebuild gives the same marts.
-#}
{% macro as_of() -%}cast('{{ modules.datetime.datetime.fromisoformat((setting('as_of') or run_started_at.isoformat()) | replace('Z', '+00:00')).astimezone(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f') }}' as timestamp){%- endmacro %}
