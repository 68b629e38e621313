{#-
    Fails where a dimension of a month does not split the same whole as the others: rows that a join lost or doubled, or a month that
    one dimension lacks.
-#}
{% test dimensions_add_up(model, measures) %}
with sums as (

    select
        month_start,
        dimension,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    group by month_start, dimension

),

dimensions as (

    select count(distinct dimension) as dimension_count
    from {{ model }}

)

select
    sums.month_start,
    sums.dimension
from sums
cross join dimensions
qualify
    count(*) over (partition by sums.month_start) <> dimensions.dimension_count
    {%- for measure in measures %}
    or sums.{{ measure }} is distinct from max(case when sums.dimension = 'all' then sums.{{ measure }} end) over (
        partition by sums.month_start
    )
    {%- endfor %}
{% endtest %}
