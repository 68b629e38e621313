-- A history that overlaps, leaves a gap or ends with something else than dim_persons would tell another story than the stages do.
{#- the columns that both marts declare; dbt knows them once it runs -#}
{%- set shared_columns = [] -%}
{%- if execute -%}
{%- set of_history = graph.nodes['model.customer_journey.dim_persons_history'].columns -%}
{%- for column in graph.nodes['model.customer_journey.dim_persons'].columns if column in of_history and column != 'person_id' -%}
{%- do shared_columns.append(column) -%}
{%- endfor -%}
{%- endif %}
with neighbours as (

    select
        *,
        lead(valid_from) over (partition by person_id order by valid_from) as next_valid_from,
        row_number() over (partition by person_id order by valid_from desc) as row_from_the_end
    from {{ ref('dim_persons_history') }}

)

select person_id
from neighbours
where next_valid_from is distinct from valid_to or valid_to <= valid_from or is_current <> (row_from_the_end = 1)
union all
select persons.person_id
from {{ ref('dim_persons') }} as persons
left join {{ ref('dim_persons_history') }} as history on persons.person_id = history.person_id and history.is_current
where
    history.person_id is null
    {%- for column in shared_columns %}
    or persons.{{ column }} is distinct from history.{{ column }}
    {%- endfor %}
