{#- Path of a model's file, for messages of checks. Shared by stage_checks.sql and attribution_checks.sql. -#}
{% macro model_file(name) -%}{{ return(graph.nodes['model.' ~ project_name ~ '.' ~ name].original_file_path) }}{%- endmacro %}

{#-
    Turns counts of broken rules into messages.

    Parameters: query, a select with one row per model: its name, then one count per rule; rules, a dict in the same order, each with
      `one`, `many` and `mend`.
    Returns: a list of texts such as "models/stages/x.sql: 2 episodes have no evidence (…)".
-#}
{% macro broken_rules(query, rules) -%}
    {%- set problems = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- for count, rule in zip(row.values()[1:], rules.values()) if count -%}
            {%- do problems.append(model_file(row[0]) ~ ': ' ~ count ~ ' ' ~ (rule.one if count == 1 else rule.many) ~ ' (' ~ rule.mend ~ ')') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
