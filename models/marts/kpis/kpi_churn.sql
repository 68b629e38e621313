with events as (

    select
        *,
        {{ month_of('churned_date') }} as month_start
    from {{ ref('fct_churn_events') }}

),

purchases as (

    select
        account_id,
        converted_date,
        {{ reporting_date('lapsed_at') }} as lapsed_date
    from {{ account_purchases() }} as purchases

),

account_mrr as (

    select * from {{ account_mrr() }} as account_mrr

),

first_days as (

    select min(converted_date) as first_day
    from purchases
    union all
    select min(month_start) as first_day
    from account_mrr

),

months as (

    select distinct {{ month_of('date_day') }} as month_start
    from {{ date_spine('(select min(first_day) from first_days)', reporting_date(as_of())) }} as days

),

subscribers as (

    select
        months.month_start,
        account_mrr.account_id
    from account_mrr
    inner join months
        on account_mrr.month_start < months.month_start
        and (months.month_start <= account_mrr.next_month_start or account_mrr.next_month_start is null)
    where account_mrr.mrr > 0

),

buyers as (

    select distinct
        months.month_start,
        purchases.account_id
    from purchases
    inner join months
        on purchases.converted_date < months.month_start
        and purchases.lapsed_date >= months.month_start
    left join subscribers
        on months.month_start = subscribers.month_start
        and purchases.account_id = subscribers.account_id
    where subscribers.account_id is null

),

{# accounts at risk: customers at the start of the month; who joined within it is not in the denominator, so may not be in the numerator #}
customers as (

    select
        month_start,
        account_id,
        false as is_lapsing
    from subscribers
    union all
    select
        month_start,
        account_id,
        true as is_lapsing
    from buyers

),

bases as (

    select
        month_start,
        count(*) as customers,
        count(*) filter (where is_lapsing) as buyers
    from customers
    group by month_start

),

leavers as (

    select events.*
    from events
    inner join customers
        on events.month_start = customers.month_start
        and events.account_id = customers.account_id
        and (events.churn_type = 'lapsed') = customers.is_lapsing

),

churn_types as (

    select 'all' as churn_type
    union all
    select 'subscription_voluntary' as churn_type
    union all
    select 'subscription_involuntary' as churn_type
    union all
    select 'lapsed' as churn_type

),

grid as (

    select
        months.month_start,
        churn_types.churn_type,
        case churn_types.churn_type
            when 'all' then coalesce(bases.customers, 0)
            when 'lapsed' then coalesce(bases.buyers, 0)
            else coalesce(bases.customers - bases.buyers, 0)
        end as customers_at_start
    from months
    cross join churn_types
    left join bases on months.month_start = bases.month_start

),

{# each event counts in its own type and reason and in the totals; distinct, since an account may leave for several reasons #}
counted as (

    {%- for churn_type in ['churn_type', "'all'"] %}
    {%- for reason in ['reason', "'all'"] %}
    select
        month_start,
        {{ churn_type }}{{ ' as churn_type' if churn_type != 'churn_type' }},
        {{ reason }}{{ ' as reason' if reason != 'reason' }},
        count(distinct account_id) as churned,
        sum(mrr_lost) as mrr_lost
    from leavers
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

filled as (

    select
        month_start,
        churn_type,
        reason,
        churned,
        mrr_lost
    from counted
    where reason <> 'all'
    union all
    select
        grid.month_start,
        grid.churn_type,
        'all' as reason,
        coalesce(counted.churned, 0) as churned,
        coalesce(counted.mrr_lost, 0) as mrr_lost
    from grid
    left join counted
        on grid.month_start = counted.month_start
        and grid.churn_type = counted.churn_type
        and counted.reason = 'all'

),

dated as (

    select
        filled.*,
        grid.customers_at_start,
        {{ add_months('filled.month_start', 1) }} <= {{ reporting_date(as_of()) }} as is_complete
    from filled
    inner join grid
        on filled.month_start = grid.month_start
        and filled.churn_type = grid.churn_type

),

rated as (

    select
        *,
        case when is_complete then cast(churned as double) / nullif(customers_at_start, 0) end as rate
    from dated

)

select
    month_start,
    churn_type,
    reason,
    is_complete,
    churned,
    cast(mrr_lost as decimal(28, 4)) as mrr_lost,
    cast(customers_at_start as bigint) as customers_at_start,
    rate as churn_rate,
    {{ wilson_bound('rate', 'customers_at_start', '-') }} as churn_rate_low,
    {{ wilson_bound('rate', 'customers_at_start', '+') }} as churn_rate_high
from rated
