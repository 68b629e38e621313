with entries as (

    select
        entries.*,
        stages.rank
    from {{ ref('fct_stage_entries') }} as entries
    inner join {{ ref('dim_framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage

),

in_funnel as (

    select
        framework,
        stage
    from {{ ref('dim_framework_stages') }}
    where is_in_funnel

),

cohorts as (

    select
        entries.framework,
        entries.person_id,
        entries.stage,
        entries.rank,
        entries.entered_at,
        {{ add_days('entries.entered_at', setting('funnel_window_days')) }} as window_ends_at
    from entries
    inner join in_funnel
        on entries.framework = in_funnel.framework
        and entries.stage = in_funnel.stage
    where entries.entry_number = 1

),

{# what the person reached later in the window, and where the person stood at its end or at as-of #}
outcomes as (

    select
        cohorts.framework,
        cohorts.person_id,
        cohorts.stage,
        cohorts.entered_at,
        cohorts.window_ends_at,
        min(case when later.rank > cohorts.rank then later.entered_at end) as converted_at,
        coalesce(bool_or(
            later.rank < cohorts.rank
            and (later.exited_at is null or later.exited_at > least(cohorts.window_ends_at, {{ as_of() }}))
        ), false) as has_fallen_back
    from cohorts
    left join entries as later
        on cohorts.framework = later.framework
        and cohorts.person_id = later.person_id
        and later.entered_at > cohorts.entered_at
        and later.entered_at <= cohorts.window_ends_at
    group by cohorts.framework, cohorts.person_id, cohorts.stage, cohorts.entered_at, cohorts.window_ends_at

),

last_touches as (

    select
        outcomes.framework,
        outcomes.person_id,
        outcomes.stage,
        touchpoints.channel
    from outcomes
    inner join {{ ref('fct_touchpoints') }} as touchpoints
        on outcomes.person_id = touchpoints.person_id
        and touchpoints.touched_at <= outcomes.entered_at
    where touchpoints.is_attributable
    qualify row_number() over (
        partition by outcomes.framework, outcomes.person_id, outcomes.stage
        order by touchpoints.touched_at desc, touchpoints.touchpoint_id desc
    ) = 1

),

described as (

    select
        {{ month_of(reporting_date('outcomes.entered_at')) }} as cohort_month,
        outcomes.framework,
        outcomes.stage,
        persons.customer_type,
        coalesce(last_touches.channel, 'unattributed') as channel,
        persons.persona,
        outcomes.converted_at is not null as is_converted,
        outcomes.converted_at is null
        and (outcomes.has_fallen_back or outcomes.window_ends_at <= {{ as_of() }}) as is_dropped,
        {{ microseconds_between('outcomes.entered_at', 'outcomes.converted_at') }} as microseconds_to_next
    from outcomes
    inner join {{ ref('dim_persons') }} as persons on outcomes.person_id = persons.person_id
    left join last_touches
        on outcomes.framework = last_touches.framework
        and outcomes.person_id = last_touches.person_id
        and outcomes.stage = last_touches.stage

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
        count(*) filter (where is_converted) as converted,
        count(*) filter (where is_dropped) as dropped,
        count(*) filter (where not is_converted and not is_dropped) as in_progress,
        {# of whole numbers: between two doubles the engines interpolate differently in the last bit #}
        median(microseconds_to_next) / cast(3600000000 as double) as median_hours_to_next
    from described
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
    {{ keyed_hash(["'funnel'", 'cohort_month', 'framework', 'stage', 'customer_type', 'channel', 'persona']) }} as funnel_key,
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
