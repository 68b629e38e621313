{#-
    The measures of a relation a month and value of each dimension, first of all together. The relation has `month_start` and a column
    for each dimension; `measures` maps names to aggregates.
-#}
{% macro by_dimension(relation, dimensions, measures) -%}
    {%- for dimension in ['all'] + dimensions %}
    select
        month_start,
        '{{ dimension }}' as dimension,
        {{ "'all'" if dimension == 'all' else dimension }} as dimension_value,
        {%- for name, measure in measures.items() %}
        {{ measure }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- The key of a row of a month, dimension and value of it. -#}
{% macro dimension_key() -%}cast(month_start as string) || '.' || dimension || '.' || dimension_value{%- endmacro %}

{#- Whether a month was over at as-of; what a running one counts still grows. -#}
{% macro is_complete_month(month_start) -%}({{ add_months(month_start, 1) }} <= {{ reporting_date(as_of()) }}){%- endmacro %}

{#- A share of two counts; null of nothing. -#}
{% macro share_of(part, whole) -%}cast({{ part }} as double) / nullif({{ whole }}, 0){%- endmacro %}
