with entries as (

    select * from {{ ref('int_stage_entries') }}

),

stages as (

    select * from {{ ref('int_framework_stages') }}

),

cohorts as (

    select
        *,
        {{ add_days('entered_at', setting('funnel_window_days')) }} as window_ends_at
    from entries
    where entry_number = 1 and rank > 0

),

{# what the person reached later in the window, and where the person stood at its end or at as-of #}
outcomes as (

    select
        cohorts.person_key,
        cohorts.stage_number,
        cohorts.entered_at,
        cohorts.entered_date,
        cohorts.exited_at,
        cohorts.window_ends_at,
        min(case when later.rank > cohorts.rank then later.entered_at end) as converted_at,
        coalesce(bool_or(
            later.rank < cohorts.rank
            and (later.exited_at is null or later.exited_at > least(cohorts.window_ends_at, {{ as_of() }}))
        ), false) as has_fallen_back
    from cohorts
    left join entries as later
        on cohorts.person_key = later.person_key
        and cohorts.framework_number = later.framework_number
        and later.entered_at > cohorts.entered_at
        and later.entered_at <= cohorts.window_ends_at
    group by
        cohorts.person_key, cohorts.stage_number, cohorts.entered_at, cohorts.entered_date, cohorts.exited_at,
        cohorts.window_ends_at

),

{# many frameworks share a moment: what led to it, and what came of it, is looked up once #}
moments as (

    select distinct
        person_key,
        entered_at as moment
    from cohorts

),

channels as (

    {{ last_touches('moments', '<=', 'is_attributable') }}

),

revenues as (

    select
        person_key,
        moment,
        is_moment,
        sum(revenue) over (
            partition by person_key
            order by moment desc
        ) as revenue
    from (
        select person_key, moment, true as is_moment, cast(0 as decimal(18, 4)) as revenue from moments
        union all
        select person_key, converted_at as moment, false as is_moment, revenue from {{ ref('int_conversions') }}
    ) as moments_and_conversions

)

select
    outcomes.person_key,
    outcomes.stage_number,
    persons.customer_type,
    persons.persona,
    coalesce(channels.channel, 'unattributed') as channel,
    outcomes.entered_at,
    {{ month_of('outcomes.entered_date') }} as entered_month,
    outcomes.exited_at,
    outcomes.converted_at,
    outcomes.converted_at is not null as is_converted,
    outcomes.converted_at is null
    and (outcomes.has_fallen_back or outcomes.window_ends_at <= {{ as_of() }}) as is_dropped,
    revenues.revenue as revenue_since
from outcomes
inner join {{ ref('int_journey_persons') }} as persons on outcomes.person_key = persons.person_key
left join channels
    on outcomes.person_key = channels.person_key
    and outcomes.entered_at = channels.moment
left join revenues
    on outcomes.person_key = revenues.person_key
    and outcomes.entered_at = revenues.moment
    and revenues.is_moment
