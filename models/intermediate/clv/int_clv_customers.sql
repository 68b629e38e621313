with contract_customers as (

    select distinct person_key from {{ ref('int_person_events') }}
    where event_type = 'subscription_started'

),

purchase_days as (

    select
        orders.person_key,
        orders.ordered_date,
        sum(orders.net_revenue) as revenue
    from {{ ref('int_order_persons') }} as orders
    left join contract_customers on orders.person_key = contract_customers.person_key
    where orders.is_conversion and contract_customers.person_key is null
    group by orders.person_key, orders.ordered_date

),

numbered as (

    select
        *,
        min(ordered_date) over (partition by person_key) as first_date
    from purchase_days

),

counted as (

    select
        windows.fit_window,
        windows.last_date as window_end,
        days.person_key,
        min(days.first_date) as first_date,
        max(case when days.ordered_date <= windows.last_date then days.ordered_date end) as last_date,
        count(*) filter (where days.ordered_date <= windows.last_date) - 1 as frequency,
        coalesce(
            sum(days.revenue) filter (where days.ordered_date <= windows.last_date and days.ordered_date > days.first_date), 0
        ) as repeat_revenue,
        count(*) filter (where days.ordered_date > windows.last_date) as purchase_days_after,
        coalesce(sum(days.revenue) filter (where days.ordered_date > windows.last_date), 0) as revenue_after
    from numbered as days
    inner join {{ ref('int_clv_windows') }} as windows on days.first_date <= windows.last_date
    group by windows.fit_window, windows.last_date, days.person_key

)

select
    fit_window,
    person_key,
    {{ month_of('first_date') }} as cohort_month,
    frequency,
    {{ days_between('first_date', 'last_date') }} as recency_days,
    {{ days_between('first_date', 'window_end') }} as age_days,
    cast(repeat_revenue as decimal(18, 4)) as repeat_revenue,
    cast(repeat_revenue as double) / nullif(frequency, 0) as revenue_per_repeat_day,
    purchase_days_after,
    cast(revenue_after as decimal(18, 4)) as revenue_after
from counted
