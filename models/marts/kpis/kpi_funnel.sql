with cohorts as (

    select
        entries.framework,
        entries.stage,
        {{ month_of('entries.entered_date') }} as cohort_month,
        entries.channel,
        entries.outcome,
        persons.customer_type,
        persons.persona,
        {{ microseconds_between('entries.entered_at', 'entries.converted_at') }} as microseconds_to_next
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage
    inner join {{ ref('dim_persons') }} as persons on entries.person_id = persons.person_id
    where entries.outcome is not null and stages.is_in_funnel

),

counted as (

    select
        cohort_month,
        framework,
        stage,
        customer_type,
        channel,
        persona,
        count(*) as entered,
        count(*) filter (where outcome = 'converted') as converted,
        count(*) filter (where outcome = 'dropped') as dropped,
        count(*) filter (where outcome = 'in_progress') as in_progress,
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
