-- Recounts active accounts of a cohort from purchases and subscription payments. A share of the accounts that were active the month before
-- would hardly ever fall.
with purchases as (

    select
        case when company_id <> 'unknown' then company_id else person_id end as account_id,
        converted_date
    from {{ ref('fct_conversions') }}
    where conversion_type in ('order', 'deal_won') and (person_id <> 'unknown' or company_id <> 'unknown')

),

fulfilled_deals as (

    select distinct deal_id
    from {{ ref('fct_orders') }}
    where is_conversion

),

{# a deal and the orders that fulfil it are one purchase #}
own_purchases as (

    select
        case when company_id <> 'unknown' then company_id else person_id end as account_id,
        converted_date
    from {{ ref('fct_conversions') }}
    where conversion_type = 'order'
    union all
    select
        case when deals.company_id <> 'unknown' then deals.company_id else deals.person_id end as account_id,
        deals.closed_date as converted_date
    from {{ ref('fct_deals') }} as deals
    left join fulfilled_deals on deals.deal_id = fulfilled_deals.deal_id
    where deals.status = 'won' and deals.closed_date is not null and fulfilled_deals.deal_id is null

),

activity as (

    select account_id, {{ month_of('converted_date') }} as month_start from purchases
    union
    select account_id, month_start from {{ mrr_at_month_ends() }} as month_ends

),

first_months as (

    select
        account_id,
        min(month_start) as cohort_month
    from (
        select account_id, month_start from activity
        union all
        {# a subscription given up within its first month still made the account a customer of that month #}
        select account_id, {{ month_of('changed_date') }} as month_start from {{ ref('fct_subscription_changes') }}
        where mrr_after > 0 and coalesce(next_changed_at > changed_at, true)
    ) as all_months
    group by account_id

),

first_purchases as (

    select
        account_id,
        min(converted_date) as first_date
    from own_purchases
    group by account_id

),

repeated as (

    select
        own_purchases.account_id,
        {{ month_of('min(own_purchases.converted_date)') }} as repeat_month
    from own_purchases
    inner join first_purchases
        on own_purchases.account_id = first_purchases.account_id
        and own_purchases.converted_date > first_purchases.first_date
    group by own_purchases.account_id

),

cohorts as (

    select
        first_months.cohort_month,
        count(*) as customers
    from first_months
    group by first_months.cohort_month

),

active as (

    select
        first_months.cohort_month,
        activity.month_start,
        count(*) as active
    from first_months
    inner join activity on first_months.account_id = activity.account_id
    group by first_months.cohort_month, activity.month_start

),

published as (

    select * from {{ ref('kpi_retention') }}
    where dimension = 'all'

),

bought_again as (

    select
        published.cohort_month,
        published.month_start,
        count(*) as repeat_customers
    from published
    inner join first_months on published.cohort_month = first_months.cohort_month
    inner join repeated on first_months.account_id = repeated.account_id and repeated.repeat_month <= published.month_start
    group by published.cohort_month, published.month_start

)

select concat_ws(' ', cast(published.cohort_month as string), cast(published.month_start as string)) as problem
from published
left join cohorts on published.cohort_month = cohorts.cohort_month
left join active on published.cohort_month = active.cohort_month and published.month_start = active.month_start
left join bought_again on published.cohort_month = bought_again.cohort_month and published.month_start = bought_again.month_start
where
    published.customers is distinct from cohorts.customers
    or published.active <> coalesce(active.active, 0)
    or published.repeat_customers <> coalesce(bought_again.repeat_customers, 0)
    or (
        published.month_start < {{ month_of(reporting_date(as_of())) }}
        and (
            {{ differ('cast(coalesce(active.active, 0) as double) / cohorts.customers', 'published.retention_rate') }}
            or {{ differ('cast(coalesce(bought_again.repeat_customers, 0) as double) / cohorts.customers', 'published.repeat_rate') }}
        )
    )
