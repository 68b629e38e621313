with changes as (

    select
        *,
        {{ month_of('effective_date') }} as month_start
    from {{ ref('fct_subscription_changes') }}

),

{# each subscription after its last change of the month, with the sum of its exchange rate changes in the month #}
subscription_months as (

    select
        *,
        sum(fx_change) over (partition by subscription_id, month_start) as fx_of_month
    from changes
    qualify row_number() over (partition by subscription_id, month_start order by change_number desc) = 1

),

compared as (

    select
        *,
        lag(account_id) over (partition by subscription_id order by month_start) as account_at_start,
        lag(company_id) over (partition by subscription_id order by month_start) as company_at_start,
        coalesce(lag(mrr_after) over (partition by subscription_id order by month_start), cast(0 as decimal(18, 4))) as mrr_at_start
    from subscription_months

),

parts as (

    {# the account at the end of the month; of an ended subscription, its last account #}
    select
        account_id,
        company_id,
        month_start,
        effective_at,
        change_id,
        person_id,
        case when account_id <> account_at_start then mrr_at_start else 0 end as transferred,
        case when mrr_at_start > 0 and mrr_after > 0 then fx_of_month else 0 end as fx,
        case when account_id = account_at_start then mrr_after - mrr_at_start else mrr_after end as mrr_change
    from compared
    union all
    {# the account at the start of the month, if it was another #}
    select
        account_at_start as account_id,
        company_at_start as company_id,
        month_start,
        effective_at,
        change_id,
        person_id,
        -mrr_at_start as transferred,
        0 as fx,
        -mrr_at_start as mrr_change
    from compared
    where account_id <> account_at_start

),

numbered as (

    select
        *,
        row_number() over (partition by account_id, month_start order by effective_at desc, change_id desc) as part_rank
    from parts

),

account_months as (

    select
        account_id,
        company_id,
        month_start,
        max(effective_at) as moved_at,
        max(case when part_rank = 1 then person_id end) as person_id,
        sum(transferred) as transferred,
        sum(fx) as fx,
        sum(mrr_change) as mrr_change
    from numbered
    group by account_id, company_id, month_start

),

balanced as (

    select
        *,
        sum(mrr_change) over account_so_far as ending_mrr,
        (sum(mrr_change) over account_so_far) - mrr_change as starting_mrr,
        mrr_change - transferred - fx as remaining
    from account_months
    window account_so_far as (partition by account_id order by month_start rows between unbounded preceding and current row)

),

remembered as (

    select
        *,
        coalesce(max(ending_mrr) over (
            partition by account_id
            order by month_start
            rows between unbounded preceding and 1 preceding
        ), 0) > 0 as has_paid_before
    from balanced

),

movements as (

    select
        *,
        'transfer' as movement_type,
        transferred as movement
    from remembered
    where transferred <> 0
    union all
    select
        *,
        'fx' as movement_type,
        fx as movement
    from remembered
    where fx <> 0
    union all
    select
        *,
        case
            {# an account that took over MRR in the month does not start at 0, so the rest is not new #}
            when starting_mrr > 0 or transferred > 0
                then case when ending_mrr = 0 then 'churn' when remaining > 0 then 'expansion' else 'contraction' end
            when has_paid_before then 'reactivation'
            else 'new'
        end as movement_type,
        remaining as movement
    from remembered
    where remaining <> 0

)

select
    movements.account_id || '.' || cast(movements.month_start as string) || '.' || movements.movement_type as mrr_movement_id,
    movements.account_id,
    case when movements.company_id = 'unknown' then 'person' else 'company' end as account_type,
    movements.company_id,
    movements.person_id,
    {{ account_customer_type('movements') }} as customer_type,
    movements.month_start,
    movements.movement_type,
    movements.moved_at,
    {{ reporting_date('movements.moved_at') }} as moved_date,
    cast(movements.movement as decimal(18, 4)) as mrr_change,
    cast(movements.starting_mrr as decimal(18, 4)) as starting_mrr,
    cast(movements.ending_mrr as decimal(18, 4)) as ending_mrr
from movements
{{ join_account('movements') }}
