-- Recounts win rate, cycle and lead answers from deals and activities. A rate over all deals instead of the closed ones, or a contact made
-- before the lead came in, would flatter sales.
with deals as (

    select
        *,
        {{ month_of('created_date') }} as created_month,
        {{ month_of('closed_date') }} as month_start,
        case
            when status = 'won' and closed_at >= created_at then {{ microseconds_between('created_at', 'closed_at') }}
        end as cycle_microseconds
    from {{ ref('fct_deals') }}

),

closed as (

    select
        month_start,
        count(*) filter (where status = 'won') as won,
        count(*) filter (where status = 'lost') as lost,
        sum(amount) filter (where status = 'won') as won_amount,
        count(amount) filter (where status = 'won') as won_with_amount
    from deals
    where month_start is not null and status <> 'open'
    group by month_start

),

cycles as (

    {{ middle_hours('deals', 'month_start', 'cycle_microseconds') }}

),

published as (

    select * from {{ ref('kpi_pipeline') }}
    where dimension = 'all'

),

still_open as (

    select
        published.month_start,
        count(*) as open_deals
    from published
    inner join deals
        on published.month_start >= deals.created_month
        and (deals.status = 'open' or deals.month_start > published.month_start)
    group by published.month_start

),

signs as (

    select
        conversions.conversion_type,
        conversions.person_id,
        conversions.converted_at,
        {{ month_of('conversions.converted_date') }} as month_start
    from {{ ref('fct_conversions') }} as conversions
    where conversions.conversion_type in ('lead', 'mql')

),

answers as (

    select
        signs.person_id,
        signs.month_start,
        min({{ microseconds_between('signs.converted_at', 'activities.occurred_at') }}) as microseconds
    from signs
    inner join {{ ref('fct_activities') }} as activities on signs.person_id = activities.person_id
    where
        signs.conversion_type = 'lead'
        and (activities.direction = 'outbound' or activities.activity_type = 'meeting')
        and {{ microseconds_between('signs.converted_at', 'activities.occurred_at') }} > 0
    group by signs.person_id, signs.month_start

),

timely_answers as (

    select * from answers
    where microseconds <= {{ setting('lead_answer_days') }} * cast(86400000000 as bigint)

),

answer_hours as (

    {{ middle_hours('timely_answers', 'month_start', 'microseconds') }}

),

accepted as (

    select distinct
        signs.person_id,
        signs.month_start
    from signs
    inner join {{ ref('fct_stage_evidence') }} as evidence
        on signs.person_id = evidence.person_id
        and coalesce(evidence.left_at > signs.converted_at, true)
    where
        signs.conversion_type = 'mql'
        and evidence.stage = '{{ setting('sql_stage') }}'
        and {{ microseconds_between('signs.converted_at', 'evidence.entered_at') }}
        <= {{ setting('funnel_window_days') }} * cast(86400000000 as bigint)

),

counted as (

    select
        signs.month_start,
        count(*) filter (where signs.conversion_type = 'lead') as leads,
        count(*) filter (where signs.conversion_type = 'mql') as mqls,
        count(*) filter (where signs.conversion_type = 'lead' and timely_answers.person_id is not null) as answered_leads,
        count(*) filter (where signs.conversion_type = 'mql' and accepted.person_id is not null) as accepted_mqls
    from signs
    left join timely_answers on signs.person_id = timely_answers.person_id
    left join accepted on signs.person_id = accepted.person_id
    group by signs.month_start

)

select cast(published.month_start as string) as problem
from published
left join closed on published.month_start = closed.month_start
left join cycles on published.month_start = cycles.month_start
left join still_open on published.month_start = still_open.month_start
left join counted on published.month_start = counted.month_start
left join answer_hours on published.month_start = answer_hours.month_start
where
    published.won_deals <> coalesce(closed.won, 0)
    or published.lost_deals <> coalesce(closed.lost, 0)
    or published.open_deals <> coalesce(still_open.open_deals, 0)
    or published.leads <> coalesce(counted.leads, 0)
    or published.answered_leads <> coalesce(counted.answered_leads, 0)
    or published.mqls <> coalesce(counted.mqls, 0)
    or published.accepted_mqls <> coalesce(counted.accepted_mqls, 0)
    or {{ differ('cast(closed.won as double) / nullif(closed.won + closed.lost, 0)', 'published.win_rate') }}
    or {{ differ('cast(closed.won_amount as double) / nullif(closed.won_with_amount, 0)', 'published.average_deal_value') }}
    or {{ differ('cycles.middle_hours / 24', 'published.median_cycle_days') }}
    or {{ differ('answer_hours.middle_hours', 'published.median_hours_to_answer') }}
    or {{ differ(
        'case when published.lead_answer_rate is not null then cast(counted.answered_leads as double) / counted.leads end',
        'published.lead_answer_rate'
    ) }}
    or {{ differ(
        'case when published.mql_acceptance_rate is not null then cast(counted.accepted_mqls as double) / counted.mqls end',
        'published.mql_acceptance_rate'
    ) }}
