with changes as (

    select
        changes.*,
        persons.person_id,
        bool_or(changes.company_id is not null) over (partition by changes.subscription_id) as has_company
    from {{ shown_texts(ref('int_subscription_changes'), 'crm.subscription_changes', ['plan']) }} as changes
    inner join {{ ref('int_persons') }} as persons on changes.person_key = persons.person_key

),

{# if no change of the subscription names a company, use the company of the contact #}
owned as (

    select
        changes.*,
        coalesce(changes.company_id, case when not changes.has_company then persons.company_id end, 'unknown') as owner_company_id,
        coalesce(
            changes.company_id, case when not changes.has_company then nullif(persons.company_id, 'unknown') end, changes.person_id
        ) as owner_id
    from changes
    inner join {{ ref('dim_persons') }} as persons on changes.person_id = persons.person_id

),

compared as (

    select
        *,
        lag(owner_id) over of_subscription as owner_id_before,
        lag(owner_company_id) over of_subscription as owner_company_id_before,
        max_by(owner_id, case when mrr_after > 0 then change_number end) over before_change as payer_id,
        max_by(owner_company_id, case when mrr_after > 0 then change_number end) over before_change as payer_company_id,
        lag(amount) over of_subscription as amount_before,
        lag(currency) over of_subscription as currency_before,
        coalesce(lag(mrr_after) over of_subscription, cast(0 as decimal(18, 4))) as mrr_before,
        lead(changed_at) over of_subscription as next_changed_at
    from owned
    window
        of_subscription as (partition by subscription_id order by change_number),
        before_change as (partition by subscription_id order by change_number rows between unbounded preceding and 1 preceding)

),

{#
    an ending change is booked on the account that paid before it, even if the row names another; so is a second cancellation, which would
    otherwise give the ended subscription to whom it names
#}
held as (

    select
        *,
        case when mrr_after = 0 then coalesce(payer_id, owner_id_before, owner_id) else owner_id end as account_id,
        case
            when mrr_after = 0 then coalesce(payer_company_id, owner_company_id_before, owner_company_id)
            else owner_company_id
        end as account_company_id
    from compared

),

{# the payment start that makes a payment end a change of plan: the first one after the end, else the last one before it #}
switches as (

    select
        ends.change_id as end_id,
        starts.change_id as start_id,
        case when starts.changed_at >= ends.changed_at then starts.changed_at end as switched_at,
        row_number() over (
            partition by ends.change_id
            order by
                case when starts.changed_at >= ends.changed_at then 0 else 1 end,
                case when starts.changed_at >= ends.changed_at then starts.changed_at end,
                starts.changed_at desc,
                starts.change_id
        ) as choice
    from held as ends
    inner join held as starts
        on ends.account_id = starts.account_id
        and (
            {{ is_begun_anew('ends.changed_at', 'starts.changed_at') }}
            or {{ is_begun_anew('starts.changed_at', 'ends.changed_at') }}
        )
        and (ends.subscription_id <> starts.subscription_id or ends.change_number < starts.change_number)
    where ends.is_payment_end and starts.is_payment_start

),

switch_ids as (

    select
        end_id as change_id,
        switched_at
    from switches
    where choice = 1
    union
    select
        start_id as change_id,
        cast(null as timestamp) as switched_at
    from switches
    where choice = 1

),

{# in a change of plan the account keeps the old MRR until the new subscription starts #}
effective as (

    select
        held.*,
        switch_ids.change_id is not null as is_plan_change,
        greatest(
            held.changed_at,
            coalesce(
                max(switch_ids.switched_at) over (
                    partition by held.subscription_id
                    order by held.change_number
                    rows between unbounded preceding and current row
                ),
                held.changed_at
            )
        ) as effective_at
    from held
    left join switch_ids on held.change_id = switch_ids.change_id

)

select
    effective.change_id,
    effective.subscription_id,
    effective.account_id,
    case when effective.account_company_id = 'unknown' then 'person' else 'company' end as account_type,
    lag(effective.account_id) over (partition by effective.subscription_id order by effective.change_number) as previous_account_id,
    effective.person_id,
    effective.account_company_id as company_id,
    effective.change_number,
    effective.change_type,
    coalesce(effective.plan_shown, 'unknown') as plan,
    case
        when effective.cancel_type in ('voluntary', 'involuntary') then effective.cancel_type
        when effective.change_type in ('paused', 'cancelled') then 'unknown'
    end as cancel_type,
    case
        when effective.reason is not null then coalesce(reasons.reason, 'other')
        when effective.change_type in ('paused', 'cancelled') then 'unknown'
    end as reason,
    effective.term_end,
    effective.changed_at,
    effective.changed_date,
    effective.effective_at,
    {{ reporting_date('effective.effective_at') }} as effective_date,
    effective.next_changed_at,
    effective.is_payment_start,
    effective.is_payment_end,
    effective.is_plan_change,
    effective.mrr_before,
    effective.mrr_after,
    cast(case
        when effective.mrr_before > 0 and effective.mrr_after > 0
            then {{ to_reporting_currency('effective.amount_before') }} - effective.mrr_before
        else 0
    end as decimal(18, 4)) as fx_change
from effective
left join {{ ref('churn_reason_map') }} as reasons on effective.reason = reasons.raw_reason
{{ join_exchange_rates('effective.currency_before', 'effective.changed_date') }}
