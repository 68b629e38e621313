{#-
    Loads seeds on Spark. It replaces dbt-spark's macro, which in session mode writes a missing value as the text 'None' and does not
    escape quotation marks.
-#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model.config.column_types -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for column in agate_table.column_names -%}
            {%- set value = row[loop.index0] -%}
            {%- set literal = 'null' if value is none else string_literal(value | string) -%}
            {%- do values.append('cast(' ~ literal ~ ' as ' ~ types[column] ~ ')') -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- set statement = 'insert into ' ~ this ~ ' values ' ~ rows | join(', ') -%}
    {%- if rows -%}{%- do run_query(statement) -%}{%- endif -%}
    {{ return(statement) }}
{%- endmacro %}
