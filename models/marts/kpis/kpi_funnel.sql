with cohorts as (

    select
        cohorts.*,
        stages.framework,
        stages.stage,
        segments.customer_type,
        segments.persona,
        {{ microseconds_between('cohorts.entered_at', 'cohorts.converted_at') }} as microseconds_to_next
    from {{ ref('int_stage_cohorts') }} as cohorts
    inner join {{ ref('int_framework_stages') }} as stages on cohorts.stage_number = stages.stage_number
    inner join {{ ref('int_journey_segments') }} as segments
        on cohorts.segment_key = segments.segment_key
        and segments.segment_key = segments.cube_key
    where stages.is_in_funnel

),

counted as (

    select
        entered_month as cohort_month,
        framework,
        stage,
        customer_type,
        channel,
        persona,
        count(*) as entered,
        count(*) filter (where is_converted) as converted,
        count(*) filter (where is_dropped) as dropped,
        count(*) filter (where not is_converted and not is_dropped) as in_progress,
        {# of whole numbers: between two doubles the engines interpolate differently in the last bit #}
        median(microseconds_to_next) / cast(3600000000 as double) as median_hours_to_next
    from cohorts
    group by all

),

rated as (

    select
        *,
        {{ days_between(add_months('cohort_month', 1), reporting_date(as_of())) }} >= {{ setting('funnel_window_days') }} as is_mature,
        cast(converted as double) / entered as rate
    from counted

)

select
    cohort_month,
    framework,
    stage,
    customer_type,
    channel,
    persona,
    entered,
    converted,
    dropped,
    in_progress,
    is_mature,
    case when is_mature then rate end as conversion_rate,
    rate as conversion_rate_to_date,
    case when is_mature then {{ wilson_bound('rate', 'entered', '-') }} end as rate_low,
    case when is_mature then {{ wilson_bound('rate', 'entered', '+') }} end as rate_high,
    median_hours_to_next
from rated
