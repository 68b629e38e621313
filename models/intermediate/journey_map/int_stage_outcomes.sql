{%- set dimensions = ['all', 'customer_type', 'persona', 'both'] -%}
{{ config(meta={'parts': {'column': 'dimension', 'values': dimensions}}) }}
{%- set is_mature = is_mature_cohort('entered_month') -%}
{%- set wait = wait_of(microseconds_between('entered_at', 'converted_at')) -%}
{%- set month = period_number('entered_month') -%}
{# each period, with the condition that its window is over; over all months only mature ones count, whichever they are #}
{%- set periods = [
    (month, is_mature), (quarter_number(month), is_mature_cohort(quarter_of('entered_month'), 3)), ('0', 'true')
] -%}

{%- for period, is_over in periods -%}
{%- for dimension in dimensions %}
select
    {{ period }} as period,
    stage_number,
    '{{ dimension }}' as dimension,
    {{ "customer_type" if dimension in ('customer_type', 'both') else "'all' as customer_type" }},
    {{ "persona" if dimension in ('persona', 'both') else "'all' as persona" }},
    {{ is_over }} as is_mature,
    count(*) as entered,
    count(*) filter (where is_converted) as converted,
    count(*) filter (where is_dropped) as dropped,
    count(*) filter (where {{ is_mature }}) as mature_entered,
    count(*) filter (where {{ is_mature }} and is_converted) as mature_converted,
    percentile_disc(0.5) within group (order by case when {{ is_mature }} then {{ wait }} end) as median_wait,
    {# median of whole numbers, because that of doubles differs between the engines in the last bit #}
    median({{ microseconds_between('entered_at', 'exited_at') }}) / cast(3600000000 as double) as median_hours_in_stage
from {{ ref('int_stage_cohorts') }}
group by all
{{ 'union all' if not (loop.last and period == '0') }}
{%- endfor %}
{%- endfor %}
