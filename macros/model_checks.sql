{#- What checks of an analyst's models have in common: stage_checks.sql and attribution_checks.sql say what is wrong, this how it is told. -#}
{% macro model_file(name) -%}{{ return(graph.nodes['model.' ~ project_name ~ '.' ~ name].original_file_path) }}{%- endmacro %}

{#-
    What a query of a row a model (its name, then how often each rule is broken) says, a line each. `rules` has them in the order of
    the query's columns: how one and how many are told of, and what mends it.
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
