{%- set labels = {'dimension_value': 'dimension'} -%}
{%- set window_microseconds = setting('funnel_window_days') * 86400000000 -%}
{%- set dimensions = ['customer_type', 'channel', 'persona'] -%}
{%- set quantiles = {'p25': '0.25', 'median': '0.5', 'p75': '0.75'} -%}

with stages as (

    select
        numbers.stage_number,
        stages.framework,
        stages.stage,
        stages.rank,
        stages.label_en,
        stages.label_vi,
        numbers.has_later_stage
    from {{ ref('dim_framework_stages') }} as stages
    inner join {{ ref('int_framework_stages') }} as numbers
        on stages.framework = numbers.framework
        and stages.stage = numbers.stage
    where numbers.is_in_funnel

),

counted as (

    select * from {{ ref('int_funnel_counts') }}

),

{#
    Kaplan-Meier estimate (1958) for immature cohorts. Persons whose window is open at as-of are censored there: survival is the product,
    over all waits, of the share at risk that did not convert. In a mature cohort nobody is censored, so the plain quantile is the same.
-#}
censored_cohorts as (

    select
        stage_number,
        entered_month as cohort_month,
        customer_type,
        channel,
        persona,
        {{ microseconds_between('entered_at', 'converted_at') }} as microseconds_to_next,
        coalesce(
            {{ microseconds_between('entered_at', 'converted_at') }},
            least({{ microseconds_between('entered_at', as_of()) }}, {{ window_microseconds }})
        ) as microseconds_observed
    from {{ ref('int_stage_cohorts') }}
    where not {{ is_mature_cohort('entered_month') }}

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
