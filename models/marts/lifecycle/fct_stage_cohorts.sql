with entries as (

    select
        entries.*,
        coalesce(stages.rank, 0) as rank,
        stages.is_in_funnel
    from {{ ref('fct_stage_entries') }} as entries
    left join {{ ref('framework_stages') }} as stages
        on entries.framework = stages.framework
        and entries.stage = stages.stage

),

cohorts as (

    select
        framework,
        stage,
        rank,
        is_in_funnel,
        person_id,
        entered_at,
        exited_at,
        {{ add_days('entered_at', setting('funnel_window_days')) }} as window_ends_at
    from entries
    where entry_number = 1 and stage <> 'none'

),

{# what the person reached later in the window, and where the person stood at its end or at as-of #}
outcomes as (

    select
        cohorts.framework,
        cohorts.stage,
        cohorts.rank,
        cohorts.is_in_funnel,
        cohorts.person_id,
        cohorts.entered_at,
        cohorts.exited_at,
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
    group by
        cohorts.framework, cohorts.stage, cohorts.rank, cohorts.is_in_funnel, cohorts.person_id, cohorts.entered_at, cohorts.exited_at,
        cohorts.window_ends_at

),

{# many frameworks share a moment: what led to it is looked up once #}
moments as (

    select distinct
        person_id,
        {{ key_of('person_id') }} as person_key,
        entered_at
    from outcomes

),

channels as (

    {{ last_touches('moments', 'entered_at', '<=', 'touchpoints.is_attributable') }}

),

revenues as (

    select
        moments.person_id,
        moments.entered_at,
        sum(conversions.revenue) as revenue
    from moments
    inner join {{ ref('fct_conversions') }} as conversions
        on moments.person_id = conversions.person_id
        and conversions.converted_at >= moments.entered_at
    group by moments.person_id, moments.entered_at

)

select
    {{ keyed_hash(["'stage_cohort'", 'outcomes.framework', 'outcomes.stage', 'outcomes.person_id']) }} as stage_cohort_id,
    outcomes.framework,
    outcomes.stage,
    cast(outcomes.rank as decimal(4, 1)) as rank,
    outcomes.is_in_funnel,
    outcomes.person_id,
    persons.customer_type,
    persons.persona,
    coalesce(channels.channel, 'unattributed') as channel,
    outcomes.entered_at,
    {{ month_of(reporting_date('outcomes.entered_at')) }} as entered_month,
    outcomes.exited_at,
    outcomes.converted_at,
    outcomes.converted_at is not null as is_converted,
    outcomes.converted_at is null
    and (outcomes.has_fallen_back or outcomes.window_ends_at <= {{ as_of() }}) as is_dropped,
    cast(coalesce(revenues.revenue, 0) as decimal(18, 4)) as revenue_since
from outcomes
inner join {{ ref('dim_persons') }} as persons on outcomes.person_id = persons.person_id
left join channels
    on {{ key_of('outcomes.person_id') }} = channels.person_key
    and outcomes.entered_at = channels.entered_at
left join revenues
    on outcomes.person_id = revenues.person_id
    and outcomes.entered_at = revenues.entered_at
