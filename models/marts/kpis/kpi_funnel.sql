{%- set labels = {'dimension_value': 'dimension'} -%}
{%- set window_microseconds = setting('funnel_window_days') * 86400000000 -%}
{%- set dimensions = ['customer_type', 'channel', 'persona'] -%}
{%- set wait = wait_of('microseconds_to_next') -%}
{%- set of_cohort = ['cohort_month', 'stage_number', 'is_mature'] -%}
{%- set quantiles = {'p25': '0.25', 'median': '0.5', 'p75': '0.75'} -%}
{%- set measures = {
    'entered': 'count(*)',
    'converted': "count(*) filter (where outcome = 'converted')",
    'dropped': "count(*) filter (where outcome = 'dropped')",
    'in_progress': "count(*) filter (where outcome = 'in_progress')",
    'new_customers': 'count(*) filter (where is_new_customer)',
} -%}
{%- for name, share in quantiles.items() -%}
    {%- do measures.update({
        name: 'percentile_disc(' ~ share ~ ') within group (order by case when is_mature then ' ~ wait ~ ' end)'
    }) -%}
{%- endfor %}

with stages as (

    select
        framework,
        stage,
        {# millions of rows are grouped by it #}
        row_number() over (order by framework, rank) as stage_number,
        rank,
        label_en,
        label_vi,
        rank < max(rank) over (partition by framework) as has_later_stage
    from {{ ref('dim_framework_stages') }}
    where is_in_funnel

),

entries as (

    select
        stages.stage_number,
        {{ month_of('entries.entered_date') }} as entered_month,
        entries.channel,
        entries.outcome,
        {# attributes as of the entry: the later ones would let the outcome explain itself #}
        coalesce(persons.customer_type, 'unknown') as customer_type,
        coalesce(persons.persona, 'unknown') as persona,
        coalesce(
            customers.customer_since >= entries.entered_at
            and customers.customer_since <= {{ add_days('entries.entered_at', setting('funnel_window_days')) }},
            false
        ) as is_new_customer,
        {{ microseconds_between('entries.entered_at', 'entries.converted_at') }} as microseconds_to_next,
        {{ microseconds_between('entries.entered_at', as_of()) }} as microseconds_to_as_of
    from {{ ref('fct_stage_entries') }} as entries
    inner join stages on entries.framework = stages.framework and entries.stage = stages.stage
    inner join {{ ref('dim_persons') }} as customers on entries.person_id = customers.person_id
    left join {{ ref('dim_persons_history') }} as persons
        on entries.person_id = persons.person_id
        and entries.entered_at >= persons.valid_from
        and (entries.entered_at < persons.valid_to or persons.valid_to is null)
    where entries.outcome is not null

),

months as (

    select
        *,
        {{ is_mature_cohort('entered_month') }} as is_mature
    from entries

),

cohorts as (

    select
        entered_month as cohort_month,
        *
    from months
    union all
    {# the cohort of all mature months #}
    select
        cast(null as date) as cohort_month,
        *
    from months
    where is_mature

),

counted as (

    {{ by_dimension('cohorts', dimensions, measures, by=of_cohort) }}

),

{#
    Kaplan-Meier estimate (1958) for immature cohorts. Persons whose window is open at as-of are censored there: survival is the product,
    over all waits, of the share at risk that did not convert. In a mature cohort nobody is censored, so the plain quantile is the same.
-#}
censored_cohorts as (

    select
        *,
        coalesce(microseconds_to_next, least(microseconds_to_as_of, {{ window_microseconds }})) as microseconds_observed
    from cohorts
    where not is_mature

),

waits as (

    {{ by_dimension('censored_cohorts', dimensions, {
        'persons': 'count(*)',
        'converted': 'count(microseconds_to_next)',
    }, by=['cohort_month', 'stage_number', 'microseconds_observed']) }}

),

at_risk as (

    select
        *,
        sum(persons) over (
            partition by cohort_month, stage_number, dimension, dimension_value
            order by microseconds_observed desc
            rows between unbounded preceding and current row
        ) as persons_at_risk
    from waits

),

survival as (

    select
        *,
        {# everybody at risk converted: ln(0) is undefined, so take a value below every quantile #}
        sum(case when converted < persons_at_risk then ln(1 - cast(converted as double) / persons_at_risk) else -1000 end) over (
            partition by cohort_month, stage_number, dimension, dimension_value
            order by microseconds_observed
            rows between unbounded preceding and current row
        ) as log_survival
    from at_risk
    where converted > 0

),

survival_quantiles as (

    select
        {%- for name, share in quantiles.items() %}
        {# the tolerance covers rounding: a share equal to the quantile may be off in its last bit #}
        min(case when exp(log_survival) <= 1 - cast({{ share }} as double) + 1e-9 then microseconds_observed end) as {{ name }},
        {%- endfor %}
        cohort_month,
        stage_number,
        dimension,
        dimension_value
    from survival
    group by cohort_month, stage_number, dimension, dimension_value

),

rated as (

    select
        {%- for name in quantiles %}
        {{ hours_of_wait('case when counted.is_mature then counted.' ~ name ~ ' else survival_quantiles.' ~ name ~ ' end') }}
            as {{ name }}_hours,
        {%- endfor %}
        counted.*,
        cast(counted.converted as double) / counted.entered as rate
    from counted
    left join survival_quantiles
        on counted.cohort_month = survival_quantiles.cohort_month
        and counted.stage_number = survival_quantiles.stage_number
        and counted.dimension = survival_quantiles.dimension
        and counted.dimension_value = survival_quantiles.dimension_value

)

select
    coalesce({{ period_of('rated.cohort_month') }}, 'all') as cohort,
    stages.framework,
    stages.stage,
    rated.dimension,
    rated.dimension_value,
    {{ label_columns(labels, 'rated') }},
    rated.cohort_month,
    stages.rank,
    stages.label_en,
    stages.label_vi,
    rated.entered,
    rated.converted,
    rated.dropped,
    rated.in_progress,
    rated.new_customers,
    rated.is_mature,
    case when rated.is_mature and stages.has_later_stage then rated.rate end as conversion_rate,
    case when stages.has_later_stage then rated.rate end as conversion_rate_to_date,
    case when rated.is_mature and stages.has_later_stage then {{ wilson_bound('rated.rate', 'rated.entered', '-') }} end as rate_low,
    case when rated.is_mature and stages.has_later_stage then {{ wilson_bound('rated.rate', 'rated.entered', '+') }} end as rate_high,
    rated.p25_hours as p25,
    rated.median_hours as median_hours_to_next,
    rated.p75_hours as p75
from {{ with_labels('rated', labels) }} as rated
inner join stages on rated.stage_number = stages.stage_number
