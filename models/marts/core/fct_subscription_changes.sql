{#- What is paused or cancelled is worth nothing, whatever amount its row still carries. -#}
{%- set stopped = "change_type in ('paused', 'cancelled')" -%}

with changes as (

    select
        changes.*,
        persons.person_id,
        {{ reporting_date('changes.changed_at') }} as changed_date,
        case when changes.{{ stopped }} then cast(0 as decimal(18, 4)) else changes.mrr end as amount,
        bool_or(changes.company_id is not null) over (partition by changes.subscription_id) as has_company
    from {{ accepted('crm', 'subscription_changes') }} as changes
    inner join {{ ref('int_person_events') }} as events
        on events.source_table = 'crm.subscription_changes'
        and changes.change_id = events.source_id
    inner join {{ ref('int_persons') }} as persons on events.person_key = persons.person_key

),

{# a CRM that names the company on none of a subscription's changes names it on the contact #}
owned as (

    select
        changes.*,
        coalesce(changes.company_id, case when not changes.has_company then persons.company_id end, 'unknown') as owner_company_id
    from changes
    inner join {{ ref('dim_persons') }} as persons on changes.person_id = persons.person_id

),

priced as (

    select
        owned.*,
        case when owned.owner_company_id <> 'unknown' then owned.owner_company_id else owned.person_id end as owner_id,
        {{ to_reporting_currency('owned.amount') }} as mrr_after
    from owned
    {{ join_exchange_rates('owned.currency', 'owned.changed_date') }}

),

compared as (

    select
        *,
        lag(owner_id) over of_subscription as owner_id_before,
        lag(owner_company_id) over of_subscription as owner_company_id_before,
        lag(amount) over of_subscription as amount_before,
        lag(currency) over of_subscription as currency_before,
        coalesce(lag(mrr_after) over of_subscription, cast(0 as decimal(18, 4))) as mrr_before,
        lead(changed_at) over of_subscription as next_changed_at
    from priced
    window of_subscription as (partition by subscription_id order by changed_at, change_id)

),

{# what ends was of who held it, whoever the row of the end names #}
held as (

    select
        *,
        case when mrr_after = 0 then coalesce(owner_id_before, owner_id) else owner_id end as account_id,
        case when mrr_after = 0 then coalesce(owner_company_id_before, owner_company_id) else owner_company_id end as account_company_id
    from compared

)

select
    held.change_id,
    held.subscription_id,
    held.account_id,
    case when held.account_company_id = 'unknown' then 'person' else 'company' end as account_type,
    lag(held.account_id) over (partition by held.subscription_id order by held.changed_at, held.change_id) as previous_account_id,
    held.person_id,
    held.account_company_id as company_id,
    held.change_type,
    coalesce(held.plan, 'unknown') as plan,
    case
        when held.cancel_type in ('voluntary', 'involuntary') then held.cancel_type
        when held.{{ stopped }} then 'unknown'
    end as cancel_type,
    case
        when held.reason is not null then coalesce(reasons.reason, 'other')
        when held.{{ stopped }} then 'unknown'
    end as reason,
    held.term_end,
    held.changed_at,
    held.changed_date,
    held.next_changed_at,
    held.mrr_before,
    held.mrr_after,
    cast(case
        when held.mrr_before > 0 and held.mrr_after > 0 then {{ to_reporting_currency('held.amount_before') }} - held.mrr_before
        else 0
    end as decimal(18, 4)) as fx_change
from held
left join {{ ref('churn_reason_map') }} as reasons on held.reason = reasons.raw_reason
{{ join_exchange_rates('held.currency_before', 'held.changed_date') }}
