{#-
    Runs a test as dbt does. If a test of `rules` fails, it also writes a line for each broken rule to dbt's log, and scripts/build prints
    these lines with the failure: dbt itself reports only the number of failed rows.
-#}
{% materialization test, default %}
    {%- set ended = dbt['materialization_test_default']() -%}
    {%- if model.test_metadata and model.test_metadata.name == 'rules' and load_result('main').table.rows[0][0] -%}
        {%- for rule, column, failed_rows in run_query(sql).rows -%}
            {%- do log(rule ~ ' of ' ~ column ~ ' fails in ' ~ failed_rows ~ (' row' if failed_rows == 1 else ' rows'), info=true) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(ended) }}
{% endmaterialization %}

{#-
    Key of a table of sums: the columns in `meta.grain` of its yml.

    Parameters: relation of a model.
    Returns: a list of column names. Fails if they are not the leading columns of the model, in that order.
-#}
{% macro grain_of(relation) -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ relation.identifier] -%}
    {%- set grain = node.config.meta.grain -%}
    {%- if not grain or (node.columns | list)[:grain | length] != grain -%}
        {{ exceptions.raise_compiler_error(
            node.original_file_path ~ ': rules needs a key, or meta.grain that names the leading columns of the table, in their order.'
        ) }}
    {%- endif -%}
    {{ return(grain) }}
{%- endmacro %}
