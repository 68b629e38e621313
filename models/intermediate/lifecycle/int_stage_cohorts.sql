with entries as (

    select * from {{ ref('int_stage_entries') }}

),

cohorts as (

    select
        *,
        {{ add_days('entered_at', setting('funnel_window_days')) }} as window_ends_at
    from entries
    where entry_number = 1 and rank > 0

),

conversions as (

    select
        cohorts.person_key,
        cohorts.stage_number,
        min(later.entered_at) as converted_at
    from cohorts
    inner join entries as later
        on cohorts.person_key = later.person_key
        and cohorts.framework_number = later.framework_number
        and cohorts.rank < later.rank
        and later.entered_at > cohorts.entered_at
        and later.entered_at <= cohorts.window_ends_at
    where cohorts.outcome = 'converted'
    group by cohorts.person_key, cohorts.stage_number

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
        select persons.person_key, conversions.converted_at as moment, false as is_moment, conversions.revenue
        from {{ ref('fct_conversions') }} as conversions
        inner join {{ ref('int_persons') }} as persons on conversions.person_id = persons.person_id
    ) as moments_and_conversions

)

select
    cohorts.person_key,
    cohorts.stage_number,
    persons.segment_key,
    coalesce(channels.channel, 'unattributed') as channel,
    cohorts.entered_at,
    {{ month_of('cohorts.entered_date') }} as entered_month,
    cohorts.exited_at,
    conversions.converted_at,
    cohorts.outcome = 'converted' as is_converted,
    cohorts.outcome = 'dropped' as is_dropped,
    revenues.revenue as revenue_since
from cohorts
inner join {{ ref('int_journey_persons') }} as persons on cohorts.person_key = persons.person_key
left join conversions
    on cohorts.person_key = conversions.person_key
    and cohorts.stage_number = conversions.stage_number
left join channels
    on cohorts.person_key = channels.person_key
    and cohorts.entered_at = channels.moment
left join revenues
    on cohorts.person_key = revenues.person_key
    and cohorts.entered_at = revenues.moment
    and revenues.is_moment
