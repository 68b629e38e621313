{%- set dimensions = ['customer_type', 'channel', 'persona'] -%}
{{ config(meta={'parts': {'column': 'dimension', 'values': ['all'] + dimensions}}) }}
{%- set wait = wait_of(microseconds_between('entered_at', 'converted_at')) -%}
{%- set measures = {
    'entered': 'count(*)',
    'converted': 'count(*) filter (where is_converted)',
    'dropped': 'count(*) filter (where is_dropped)',
    'in_progress': 'count(*) filter (where not is_converted and not is_dropped)',
    'new_customers': 'count(*) filter (where is_new_customer)',
} -%}
{%- set waits = quantiles_of('case when is_mature then ' ~ wait ~ ' end', [0.25, 0.5, 0.75]) -%}
{%- do measures.update({'p25': list_entry(waits, 1), 'median': list_entry(waits, 2), 'p75': list_entry(waits, 3)}) -%}
{# the cohort without a month is that of all mature months. It is written out in each branch, since a `with` would keep all its rows #}
{%- set cohorts %}(
    select *, entered_month as cohort_month, {{ is_mature_cohort('entered_month') }} as is_mature
    from {{ ref('int_stage_cohorts') }}
    union all
    select *, cast(null as date) as cohort_month, true as is_mature
    from {{ ref('int_stage_cohorts') }}
    where {{ is_mature_cohort('entered_month') }}
) as cohorts
{%- endset %}

{{ by_dimension(cohorts, dimensions, measures, by=['cohort_month', 'stage_number', 'is_mature']) }}
