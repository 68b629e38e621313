{#-
    The measures of a relation a month and value of each dimension, first of all together. The relation has a column for each dimension;
    `measures` maps names to aggregates. `by`: what each row is of besides, where that is not the month alone.
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

{#- Whether a month was over at as-of; what a running one counts still grows. -#}
{% macro is_complete_month(month_start) -%}({{ add_months(month_start, 1) }} <= {{ reporting_date(as_of()) }}){%- endmacro %}

{#- Whether the window in which a later stage counts as converted is over for everybody who entered in a month, or in some from it on. -#}
{% macro is_mature_cohort(month_start, months=1) -%}
    {{ days_between(add_months(month_start, months), reporting_date(as_of())) }} >= {{ setting('funnel_window_days') }}
{%- endmacro %}

{#-
    A wait of which quantiles are taken: who never converted has waited longer than any, so that a quantile counts everybody. Back to
    hours, a quantile that only such a wait reaches is null.
-#}
{% macro wait_of(microseconds) -%}coalesce({{ microseconds }}, 9000000000000000){%- endmacro %}
{% macro hours_of_wait(microseconds) -%}
    case when {{ microseconds }} < 9000000000000000 then cast({{ microseconds }} as bigint) end / cast(3600000000 as double)
{%- endmacro %}

{#- A share of two counts; null of nothing. -#}
{% macro share_of(part, whole) -%}cast({{ part }} as double) / nullif({{ whole }}, 0){%- endmacro %}
