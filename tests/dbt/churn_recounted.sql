-- Recounts customers_at_start from the state when the month began: subscribers at the end of the month before, and buyers who had not
-- lapsed. Counted at the end of the month, the accounts that left would be missing from the denominator.
with purchases as (

    select
        case when company_id <> 'unknown' then company_id else person_id end as account_id,
        converted_date,
        {{ reporting_date(add_days('converted_at', setting('lapse_days'))) }} as lapsed_date
    from {{ ref('fct_conversions') }}
    where conversion_type in ('order', 'deal_won') and (person_id <> 'unknown' or company_id <> 'unknown')

),

published as (

    select * from {{ ref('kpi_churn') }}
    where reason = 'all'

),

months as (

    select distinct month_start from published

),

there as (

    select
        {{ add_months('month_start', 1) }} as month_start,
        account_id,
        true as is_paying
    from {{ mrr_at_month_ends() }} as month_ends
    union all
    select
        months.month_start,
        purchases.account_id,
        false as is_paying
    from purchases
    inner join months
        on purchases.converted_date < months.month_start
        and purchases.lapsed_date >= months.month_start

),

accounts as (

    select
        month_start,
        account_id,
        bool_or(is_paying) as is_paying
    from there
    group by month_start, account_id

),

counted as (

    select
        month_start,
        count(*) as customers,
        count(*) filter (where is_paying) as subscribers
    from accounts
    group by month_start

),

left_then as (

    select
        {{ month_of('events.churned_date') }} as month_start,
        case when accounts.is_paying then events.churn_type else 'lapsed' end as churn_type,
        count(distinct events.account_id) as churned
    from {{ ref('fct_churn_events') }} as events
    inner join accounts
        on events.account_id = accounts.account_id
        and {{ month_of('events.churned_date') }} = accounts.month_start
        and (events.churn_type = 'lapsed') <> accounts.is_paying
    group by {{ month_of('events.churned_date') }}, case when accounts.is_paying then events.churn_type else 'lapsed' end

),

judged as (

    select
        published.*,
        coalesce(left_then.churned, 0) as counted_churned,
        case published.churn_type
            when 'all' then coalesce(counted.customers, 0)
            when 'lapsed' then coalesce(counted.customers - counted.subscribers, 0)
            else coalesce(counted.subscribers, 0)
        end as counted_at_start
    from published
    left join counted on published.month_start = counted.month_start
    left join left_then
        on published.month_start = left_then.month_start
        and published.churn_type = left_then.churn_type

)

select concat_ws(' ', cast(month_start as string), churn_type) as problem
from judged
where
    customers_at_start <> counted_at_start
    or (
        churn_type <> 'all'
        and (
            churned <> counted_churned
            or (is_complete and {{ differ('cast(counted_churned as double) / nullif(counted_at_start, 0)', 'churn_rate') }})
        )
    )
