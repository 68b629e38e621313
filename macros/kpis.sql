{#-
    Measures per dimension value, first over everything (dimension 'all').

    Parameters: relation, with one column per dimension; dimensions, a list; measures, a dict from name to aggregate; by, further
      grouping columns, by default the month.
    Returns: a select of the by columns, dimension, dimension_value and the measures.
    Example: {{ by_dimension('orders', ['persona'], {'orders': 'count(*)'}) }}
-#}
{% macro by_dimension(relation, dimensions, measures, by=['month_start']) -%}
    {%- for dimension in ['all'] + dimensions %}
    select
        {{ by | join(',\n        ') }},
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

{#- SQL condition: the month was over at the as-of. Counts of the running month still grow. -#}
{% macro is_complete_month(month_start) -%}({{ add_months(month_start, 1) }} <= {{ reporting_date(as_of()) }}){%- endmacro %}

{#-
    SQL condition: the conversion window (setting funnel_window_days) is over for everybody who entered in the month, or in `months`
    months from it on.
-#}
{% macro is_mature_cohort(month_start, months=1) -%}
    {{ days_between(add_months(month_start, months), reporting_date(as_of())) }} >= {{ setting('funnel_window_days') }}
{%- endmacro %}

{#-
    Waiting time for a quantile. Somebody who never converted counts as waiting longer than everybody else, so that quantiles include
    all. hours_of_wait turns a quantile back into hours; it is null if the quantile is such a wait.
-#}
{% macro wait_of(microseconds) -%}coalesce({{ microseconds }}, 9000000000000000){%- endmacro %}
{% macro hours_of_wait(microseconds) -%}
    case when {{ microseconds }} < 9000000000000000 then cast({{ microseconds }} as bigint) end / cast(3600000000 as double)
{%- endmacro %}

{#- One count divided by another, as a double; null if the second is 0. -#}
{% macro share_of(part, whole) -%}cast({{ part }} as double) / nullif({{ whole }}, 0){%- endmacro %}
