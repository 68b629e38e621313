{#- Changes with the same timestamp are ordered from start to cancellation. -#}
{%- set change_order = ['started', 'renewed', 'upgraded', 'downgraded', 'paused', 'cancelled'] -%}
{%- set changes_before = 'over (partition by subscription_id order by change_number rows between unbounded preceding and 1 preceding)' -%}
{%- set changes_after = 'over (partition by subscription_id order by change_number rows between 1 following and unbounded following)' -%}

{# a change without a contact is internal if all contacts on the subscription's other changes are internal #}
with internal_subscriptions as (

    select changes.subscription_id
    from {{ accepted('crm', 'subscription_changes') }} as changes
    left join {{ ref('int_internal_identifiers') }} as internal
        on {{ identifier_key("'contact_id'", 'changes.contact_id') }} = internal.identifier
    where changes.contact_id is not null
    group by changes.subscription_id
    having count(*) = count(internal.identifier)

),

changes as (

    select
        changes.*,
        case when internal.identifier is null then {{ person_key_of(['contact_id']) }} else 0 end as person_key,
        {{ reporting_date('changes.changed_at') }} as changed_date,
        case changes.change_type
            {%- for change_type in change_order %}
            when '{{ change_type }}' then {{ loop.index }}
            {%- endfor %}
        end as change_rank,
        bool_or(changes.change_type = 'started') over of_moment
        and bool_or(changes.change_type = 'cancelled') over of_moment as has_start_and_end
    from {{ accepted('crm', 'subscription_changes') }} as changes
    {{ join_persons('changes', ['contact_id'], 'changed_at') }}
    left join internal_subscriptions on changes.subscription_id = internal_subscriptions.subscription_id
    left join {{ ref('int_internal_identifiers') }} as internal
        on {{ identifier_key("'contact_id'", 'changes.contact_id') }} = internal.identifier
    {# a colleague who cancels or pauses a customer's subscription ends it; what colleagues pay counts nowhere #}
    where
        internal_subscriptions.subscription_id is null
        and (internal.identifier is null or changes.change_type in ('paused', 'cancelled') or changes.mrr = 0)
    window of_moment as (partition by changes.subscription_id, changes.changed_at)

),

{#
    if a start and a cancellation have the same timestamp, a subscription that was running before is cancelled and then started again;
    any other one is started and then cancelled
#}
moments as (

    select
        subscription_id,
        changed_at,
        max_by(is_running, case when is_running is not null then changed_at end) over (
            partition by subscription_id
            order by changed_at
            rows between unbounded preceding and 1 preceding
        ) as was_running
    from (
        select
            subscription_id,
            changed_at,
            case when not bool_or(has_start_and_end) then max(change_rank) < {{ change_order | length }} end as is_running
        from changes
        group by subscription_id, changed_at
    ) as states

),

numbered as (

    select
        changes.*,
        cast(row_number() over (
            partition by changes.subscription_id
            order by
                changes.changed_at,
                case
                    when changes.has_start_and_end and moments.was_running and changes.change_type = 'cancelled' then 0
                    else changes.change_rank
                end,
                changes.change_id
        ) as bigint) as change_number
    from changes
    inner join moments
        on changes.subscription_id = moments.subscription_id
        and changes.changed_at = moments.changed_at

),

{# paused and cancelled subscriptions have MRR 0, even if the row still carries an amount #}
with_amounts as (

    select
        *,
        case when change_type in ('paused', 'cancelled') then cast(0 as decimal(18, 4)) else mrr end as amount
    from numbered

),

{# a pause neither starts nor ends payment, so is_paying is null and the state before it continues #}
with_mrr as (

    select
        with_amounts.*,
        {{ to_reporting_currency('with_amounts.amount') }} as mrr_after,
        case when with_amounts.change_type <> 'paused' then {{ to_reporting_currency('with_amounts.amount') }} > 0 end as is_paying
    from with_amounts
    {{ join_exchange_rates('with_amounts.currency', 'with_amounts.changed_date') }}

),

with_previous_state as (

    select
        *,
        coalesce(max_by(is_paying, case when is_paying is not null then change_number end) {{ changes_before }}, false) as was_paying
    from with_mrr

),

transitions as (

    select
        *,
        coalesce(is_paying, was_paying) and not was_paying as starts_paying,
        was_paying and not coalesce(is_paying, true) as stops_paying
    from with_previous_state

),

{# a start and an end of payment at the same timestamp cancel out: nothing was paid #}
payment_bounds as (

    select
        *,
        starts_paying
        and coalesce(min(case when stops_paying then changed_at end) {{ changes_after }} > changed_at, true) as is_payment_start,
        stops_paying and max(case when starts_paying then changed_at end) {{ changes_before }} < changed_at as is_payment_end
    from transitions

),

payments as (

    select
        *,
        bool_or(is_payment_start) {{ changes_before }} as has_paid_before,
        max_by(person_key, case when is_payment_start then change_number end) {{ changes_before }} as payer_key
    from payment_bounds

),

{# an end is a change of plan if the same person starts to pay again within switch_days #}
switches as (

    select
        ends.change_id,
        min(starts.changed_at) as switched_at
    from payments as ends
    inner join payments as starts
        on ends.payer_key = starts.person_key
        and {{ is_begun_anew('ends.changed_at', 'starts.changed_at') }}
        and (ends.subscription_id <> starts.subscription_id or ends.change_number < starts.change_number)
    where ends.is_payment_end and starts.is_payment_start and ends.payer_key <> 0
    group by ends.change_id

)

select
    payments.change_id,
    payments.subscription_id,
    payments.contact_id,
    payments.company_id,
    payments.person_key,
    payments.change_number,
    payments.change_type,
    payments.plan,
    payments.currency,
    payments.amount,
    payments.mrr_after,
    payments.term_end,
    payments.cancel_type,
    payments.reason,
    payments.changed_at,
    payments.changed_date,
    payments.was_paying,
    payments.is_payment_start,
    payments.is_payment_end,
    {# the first payment of a subscription that began at price 0 #}
    payments.is_payment_start and payments.change_number > 1 and not coalesce(payments.has_paid_before, false) as is_end_of_trial,
    switches.switched_at is not null as is_switch,
    min(case when payments.is_payment_end then coalesce(switches.switched_at, payments.changed_at) end) over (
        partition by payments.subscription_id
        order by payments.change_number
        rows between 1 following and unbounded following
    ) as ended_at
from payments
left join switches on payments.change_id = switches.change_id
