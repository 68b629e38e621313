-- Churned accounts count once per month, type and reason, among the accounts at the start of the month. An account that churned by MRR has
-- a churn event, and no account that still pays has lapsed.
with events as (

    select
        *,
        {{ month_of('churned_date') }} as month_start
    from {{ ref('fct_churn_events') }}

),

{# MRR and purchases before the month of the churn event #}
mrr_before as (

    select
        events.churn_event_id,
        coalesce(sum(movements.mrr_change), 0) > 0 as has_mrr
    from events
    left join {{ ref('fct_mrr_movements') }} as movements
        on events.account_id = movements.account_id
        and movements.month_start < events.month_start
    group by events.churn_event_id

),

bought_before as (

    select distinct events.churn_event_id
    from events
    inner join {{ account_purchases() }} as purchases
        on events.account_id = purchases.account_id
        and purchases.converted_date < events.month_start

),

event_sums as (

    select
        events.month_start,
        events.churn_type,
        events.reason,
        count(distinct events.account_id) as churned,
        sum(events.mrr_lost) as mrr_lost
    from events
    inner join mrr_before on events.churn_event_id = mrr_before.churn_event_id
    left join bought_before on events.churn_event_id = bought_before.churn_event_id
    {# accounts that joined within the month are not customers at its start #}
    where
        case
            when events.churn_type = 'lapsed' then bought_before.churn_event_id is not null and not mrr_before.has_mrr
            else mrr_before.has_mrr
        end
    group by events.month_start, events.churn_type, events.reason

),

kpis as (

    select * from {{ ref('kpi_churn') }}
    where churn_type <> 'all' and reason <> 'all'

),

type_sums as (

    select
        month_start,
        churn_type,
        max(case when reason = 'all' then churned end) as churned,
        max(case when reason <> 'all' then churned end) as most_of_a_reason,
        sum(case when reason = 'all' then mrr_lost else -mrr_lost end) as mrr_difference
    from {{ ref('kpi_churn') }}
    group by month_start, churn_type

)

select
    concat_ws(
        ' ', cast(coalesce(kpis.month_start, event_sums.month_start) as string), coalesce(kpis.churn_type, event_sums.churn_type),
        coalesce(kpis.reason, event_sums.reason)
    ) as problem
from event_sums
full outer join kpis
    on event_sums.month_start = kpis.month_start
    and event_sums.churn_type = kpis.churn_type
    and event_sums.reason = kpis.reason
where event_sums.churned is distinct from kpis.churned or event_sums.mrr_lost is distinct from kpis.mrr_lost
union all
select churn_type as problem
from type_sums
where churned is null or mrr_difference <> 0 or coalesce(most_of_a_reason, 0) > churned or (churned > 0 and most_of_a_reason is null)
union all
{# an account that churned by MRR has a churn event in that month, or transferred its last subscription #}
select movements.mrr_movement_id as problem
from {{ ref('fct_mrr_movements') }} as movements
left join {{ ref('fct_mrr_movements') }} as transfers
    on movements.account_id = transfers.account_id
    and movements.month_start = transfers.month_start
    and transfers.movement_type = 'transfer'
left join events
    on movements.account_id = events.account_id
    and movements.month_start = events.month_start
    and events.churn_type <> 'lapsed'
where movements.movement_type = 'churn' and events.account_id is null and transfers.account_id is null
union all
{# the rate is a share of the customers at the start #}
select concat_ws(' ', cast(month_start as string), churn_type, reason) as problem
from {{ ref('kpi_churn') }}
where churned > customers_at_start
union all
{# the last touchpoint, ticket and score before a churn event are older than it; only a lapse loses no MRR #}
select churn_event_id as problem
from events
where
    days_since_last_touch <= 0
    or days_since_last_ticket <= 0
    or days_since_last_score <= 0
    or (churn_type = 'lapsed') <> (mrr_lost = 0)
