{#-
    Fails where a dimension of a month does not split the same whole as the others: rows that a join lost or doubled, or a month that
    one dimension lacks.
-#}
{% test dimensions_add_up(model, measures) %}
select
    month_start,
    dimension
from (
    select
        month_start,
        dimension,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}
    group by month_start, dimension
) as sums
qualify
    count(*) over (partition by month_start) <> (select count(distinct dimension) from {{ model }})
    {%- for measure in measures %}
    or {{ measure }} is distinct from max(case when dimension = 'all' then {{ measure }} end) over (partition by month_start)
    {%- endfor %}
{% endtest %}
