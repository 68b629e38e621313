-- Recounts MRR and its retention by month from what each account paid at the start and at the end. Months with a transfer or a change of
-- exchange rates are left to the movements.
with months as (

    select * from {{ ref('kpi_mrr') }}
    where customer_type = 'all'

),

account_ends as (

    select * from {{ mrr_at_month_ends() }} as month_ends

),

first_months as (

    select
        account_id,
        min(month_start) as first_month
    from account_ends
    group by account_id

),

accounts as (

    select
        month_start,
        account_id,
        sum(mrr_before) as mrr_before,
        sum(mrr_after) as mrr_after
    from (
        select month_start, account_id, 0 as mrr_before, mrr as mrr_after from account_ends
        union all
        select {{ add_months('month_start', 1) }} as month_start, account_id, mrr as mrr_before, 0 as mrr_after from account_ends
    ) as ends
    group by month_start, account_id

),

counted as (

    select
        accounts.month_start,
        sum(accounts.mrr_before) as starting,
        sum(accounts.mrr_after) as ending,
        sum(least(accounts.mrr_before, accounts.mrr_after)) as kept,
        sum(case when accounts.mrr_before > 0 then accounts.mrr_after else 0 end) as grown,
        sum(case when accounts.mrr_after = 0 then accounts.mrr_before else 0 end) as churn,
        sum(case when accounts.mrr_before = 0 and first_months.first_month = accounts.month_start then accounts.mrr_after else 0 end)
            as new,
        count(*) filter (where accounts.mrr_before > 0) as starting_accounts,
        count(*) filter (where accounts.mrr_before > 0 and accounts.mrr_after > 0) as kept_accounts
    from accounts
    inner join first_months on accounts.account_id = first_months.account_id
    group by accounts.month_start

),

unlike as (

    select distinct month_start
    from {{ ref('fct_mrr_movements') }}
    where movement_type in ('transfer', 'fx')

)

select cast(months.month_start as string) as problem
from months
left join counted on months.month_start = counted.month_start
left join unlike on months.month_start = unlike.month_start
where
    months.ending <> coalesce(counted.ending, 0)
    or months.starting <> coalesce(counted.starting, 0)
    or (
        unlike.month_start is null
        and (
            months.churn <> coalesce(counted.churn, 0)
            or months.new <> coalesce(counted.new, 0)
        )
    )
    or (
        unlike.month_start is null
        and months.is_complete
        and (
            {{ differ('cast(counted.grown as double) / nullif(counted.starting, 0)', 'months.nrr') }}
            or {{ differ('cast(counted.kept as double) / nullif(counted.starting, 0)', 'months.grr') }}
            or {{ differ('cast(counted.kept_accounts as double) / nullif(counted.starting_accounts, 0)', 'months.logo_retention_rate') }}
        )
    )
