{%- set dimensions = ['customer_type', 'persona'] -%}
{{ config(meta={'parts': {'column': 'dimension', 'values': ['all'] + dimensions}}) }}
{%- set grain = ['period', 'from_stage_number', 'to_stage_number', 'direction'] -%}

with counted as (

    {%- for period in ['month_number', quarter_number('month_number'), '0'] %}
    {%- set transitions %}(select *, {{ period }} as period from {{ ref('int_stage_transitions') }}) as transitions{% endset %}
    {{ by_dimension(transitions, dimensions, {
        'transitions': 'count(*)',
        'median_microseconds': 'median(microseconds)',
    }, by=grain) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{#
    forward and skip are first entries, which a person has once. Distinct persons are counted in a query of their own: beside a median,
    DuckDB 2.0 joins the two by all columns, which multiplies their rows before it drops them
#}
returned as (

    {%- for period in ['month_number', quarter_number('month_number'), '0'] %}
    {%- set transitions %}(
        select *, {{ period }} as period
        from {{ ref('int_stage_transitions') }}
        where direction not in ('forward', 'skip')
    ) as transitions
    {%- endset %}
    {{ by_dimension(transitions, dimensions, {'persons': 'count(distinct person_key)'}, by=grain) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    counted.*,
    coalesce(returned.persons, counted.transitions) as persons
from counted
left join returned
    on counted.period = returned.period
    and counted.from_stage_number = returned.from_stage_number
    and counted.to_stage_number = returned.to_stage_number
    and counted.direction = returned.direction
    and counted.dimension = returned.dimension
    and counted.dimension_value = returned.dimension_value
