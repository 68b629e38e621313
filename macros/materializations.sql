{#- Tables and views on DuckDB, in the place of dbt-duckdb's own: see replace_in_one_statement. -#}
{% materialization table, adapter='duckdb' %}
    {{ return(replace_in_one_statement('table')) }}
{% endmaterialization %}
{% materialization view, adapter='duckdb' %}
    {{ return(replace_in_one_statement('view')) }}
{% endmaterialization %}

{#-
    Replaces a DuckDB table or view in one statement. It stands in for dbt-duckdb's materializations, which build a second relation,
    rename twice and query the catalog for indexes and foreign keys (a dozen statements per model; this project has no indexes). If
    the model fails, DuckDB rolls the replacement back with the transaction.

    Parameters: type, 'table' or 'view'.
    Returns: the relations, as dbt expects of a materialization.
-#}
{% macro replace_in_one_statement(type) -%}
    {%- set relation = this.incorporate(type=type) -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {#- DuckDB replaces a table only by a table and a view only by a view -#}
    {%- if existing is not none and existing.type != type -%}
        {%- do drop_relation_if_exists(existing) -%}
    {%- endif -%}
    {%- set parts = config.get('meta', {}).get('parts') -%}
    {%- call statement('main') -%}
        {{ replacing_sql(relation, type, part_of(parts, parts['values'][0]) if parts else sql) }}
    {%- endcall -%}
    {%- for value in (parts['values'][1:] if parts else []) -%}
        {%- call statement('part_' ~ loop.index) -%}
            insert into {{ relation }} by name {{ part_of(parts, value) }}
        {%- endcall -%}
    {%- endfor -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(relation, model) -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [relation]}) }}
{%- endmacro %}

{#-
    The statement that replaces the relation. With a contract the columns are checked, and a table is created with its constraints
    before it is filled.
-#}
{% macro replacing_sql(relation, type, sql) -%}
    {%- if not config.get('contract').enforced -%}
        create or replace {{ type }} {{ relation }} as (
            {{ sql }}
        )
    {%- elif type == 'view' -%}
        {{ get_assert_columns_equivalent(sql) }}
        create or replace view {{ relation }} as (
            {{ sql }}
        )
    {%- else -%}
        {{ get_assert_columns_equivalent(sql) }}
        create or replace table {{ relation }} {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} {{ get_column_names() }} (
            {{ get_select_subquery(sql) }}
        )
    {%- endif -%}
{%- endmacro %}

{#-
    The rows of a model that have one value in a column. A model with `meta.parts` (`column`, and its `values`) is built by one statement a
    value. DuckDB keeps all values of a median in memory until the statement ends; where they do not fit, it fills the disk. The column is
    a constant in each branch of a `union all`, so a statement reads only the branches of its value.
-#}
{% macro part_of(parts, value) -%}
    select * from (
        {{ sql }}
    ) as model
    where {{ parts.column }} = '{{ value }}'
{%- endmacro %}
