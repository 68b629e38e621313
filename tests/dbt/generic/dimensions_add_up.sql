{#-
    Fails where the values of a dimension do not add up to the total (`all`) of the month: a join lost or doubled rows, or a dimension has
    no rows in a month. `by`: the columns of a total, if not the month alone.
-#}
{% test dimensions_add_up(model, measures, by=['month_start']) %}
{%- set whole = 'sums.' ~ by | join(', sums.') -%}
with sums as (

    select
        {{ by | join(', ') }},
        dimension,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    group by {{ by | join(', ') }}, dimension

),

dimensions as (

    select count(distinct dimension) as dimension_count
    from {{ model }}

)

select
    {{ whole }},
    sums.dimension
from sums
cross join dimensions
qualify
    count(*) over (partition by {{ whole }}) <> dimensions.dimension_count
    {%- for measure in measures %}
    or sums.{{ measure }} is distinct from max(case when sums.dimension = 'all' then sums.{{ measure }} end) over (
        partition by {{ whole }}
    )
    {%- endfor %}
{% endtest %}
