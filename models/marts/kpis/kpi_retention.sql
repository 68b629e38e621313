{%- set labels = {'dimension_value': 'dimension'} -%}

with purchases as (

    select
        *,
        {{ month_of('converted_date') }} as month_start
    from {{ account_purchases() }} as purchases

),

account_mrr as (

    select * from {{ account_mrr() }} as account_mrr

),

{# everything that can make an account a customer, also a subscription that ended within its first month and so has no month-end MRR #}
firsts as (

    select
        account_id,
        company_id,
        person_id,
        converted_at as first_at,
        converted_date as first_date
    from purchases
    union all
    select
        account_id,
        company_id,
        person_id,
        changed_at as first_at,
        changed_date as first_date
    from {{ ref('fct_subscription_changes') }}
    {# a subscription that ends the moment it starts makes nobody a customer #}
    where mrr_after > 0 and (next_changed_at is null or next_changed_at > changed_at)

),

{# persona and channel of a company are those of the person of its first purchase #}
customers as (

    select
        account_id,
        company_id,
        person_id,
        {{ month_of('first_date') }} as cohort_month
    from (
        select
            *,
            row_number() over (partition by account_id order by first_at, person_id) as first_number
        from firsts
    ) as numbered
    where first_number = 1

),

{# a deal and the orders that fulfil it are one purchase, that of the orders #}
second_purchases as (

    select
        account_id,
        {{ month_of('min(converted_date)') }} as repeat_month
    from (
        select
            account_id,
            converted_date,
            min(converted_date) over (partition by account_id) as first_date
        from purchases
        where not has_orders
    ) as dated
    where converted_date > first_date
    group by account_id

),

described as (

    select
        customers.account_id,
        customers.cohort_month,
        second_purchases.repeat_month,
        {{ account_customer_type('customers') }} as customer_type,
        coalesce(buyers.first_channel, 'unknown') as first_channel,
        coalesce(buyers.persona, 'unknown') as persona
    from customers
    {{ join_account('customers') }}
    left join {{ ref('dim_persons') }} as buyers on customers.person_id = buyers.person_id
    left join second_purchases on customers.account_id = second_purchases.account_id

),

members as (

    {%- for dimension in ['all', 'customer_type', 'first_channel', 'persona'] %}
    select
        account_id,
        cohort_month,
        repeat_month,
        '{{ dimension }}' as dimension,
        {{ "'all'" if dimension == 'all' else dimension }} as dimension_value
    from described
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

months as (

    select distinct {{ month_of('date_day') }} as month_start
    from {{ date_spine('(select min(cohort_month) from customers)', reporting_date(as_of())) }} as days

),

account_months as (

    select
        account_id,
        month_start,
        sum(revenue) as revenue,
        0 as mrr
    from purchases
    group by account_id, month_start
    union all
    select
        account_mrr.account_id,
        months.month_start,
        0 as revenue,
        account_mrr.mrr
    from account_mrr
    inner join months
        on account_mrr.month_start <= months.month_start
        and (months.month_start < account_mrr.next_month_start or account_mrr.next_month_start is null)
    where account_mrr.mrr > 0

),

active_months as (

    select
        account_id,
        month_start,
        sum(revenue) as revenue,
        sum(mrr) as mrr,
        lag(month_start) over (partition by account_id order by month_start) as previous_month_start
    from account_months
    group by account_id, month_start

),

activity as (

    select
        members.cohort_month,
        members.dimension,
        members.dimension_value,
        active_months.month_start,
        count(*) as active,
        count(*) filter (
            where
            active_months.month_start > members.cohort_month
            and (
                active_months.previous_month_start is null
                or {{ add_months('active_months.previous_month_start', 1) }} < active_months.month_start
            )
        ) as reactivated,
        sum(active_months.revenue) as revenue,
        sum(active_months.mrr) as mrr
    from members
    inner join active_months on members.account_id = active_months.account_id
    group by members.cohort_month, members.dimension, members.dimension_value, active_months.month_start

),

repeats as (

    select
        cohort_month,
        dimension,
        dimension_value,
        repeat_month,
        count(*) as repeat_customers
    from members
    where repeat_month is not null
    group by cohort_month, dimension, dimension_value, repeat_month

),

cohorts as (

    select
        cohort_month,
        dimension,
        dimension_value,
        count(*) as customers
    from members
    group by cohort_month, dimension, dimension_value

),

filled as (

    select
        cohorts.cohort_month,
        cohorts.dimension,
        cohorts.dimension_value,
        cohorts.customers,
        months.month_start,
        {{ add_months('months.month_start', 1) }} <= {{ reporting_date(as_of()) }} as is_complete,
        coalesce(activity.active, 0) as active,
        coalesce(activity.reactivated, 0) as reactivated,
        coalesce(activity.revenue, 0) as revenue,
        coalesce(activity.mrr, 0) as mrr,
        sum(coalesce(repeats.repeat_customers, 0)) over (
            partition by cohorts.cohort_month, cohorts.dimension, cohorts.dimension_value
            order by months.month_start
            rows between unbounded preceding and current row
        ) as repeat_customers
    from cohorts
    inner join months on cohorts.cohort_month <= months.month_start
    left join activity
        on cohorts.cohort_month = activity.cohort_month
        and cohorts.dimension = activity.dimension
        and cohorts.dimension_value = activity.dimension_value
        and months.month_start = activity.month_start
    left join repeats
        on cohorts.cohort_month = repeats.cohort_month
        and cohorts.dimension = repeats.dimension
        and cohorts.dimension_value = repeats.dimension_value
        and months.month_start = repeats.repeat_month

),

rated as (

    select
        *,
        (year(month_start) - year(cohort_month)) * 12 + month(month_start) - month(cohort_month) as months_since,
        case when is_complete then cast(active as double) / customers end as rate,
        case when is_complete then cast(repeat_customers as double) / customers end as repeat_rate
    from filled

)

select
    cohort_month,
    dimension,
    dimension_value,
    cast(months_since as bigint) as months_since,
    {{ label_columns(labels) }},
    month_start,
    is_complete,
    customers,
    active,
    rate as retention_rate,
    {{ wilson_bound('rate', 'customers', '-') }} as retention_rate_low,
    {{ wilson_bound('rate', 'customers', '+') }} as retention_rate_high,
    reactivated,
    cast(repeat_customers as bigint) as repeat_customers,
    repeat_rate,
    cast(revenue as decimal(28, 4)) as revenue,
    cast(mrr as decimal(28, 4)) as mrr
from {{ with_labels('rated', labels) }} as rated
