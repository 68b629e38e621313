with running as (

    select
        fit_window,
        subscription_id,
        {{ key_of('person_id') }} as person_key
    from {{ ref('int_clv_subscriptions') }}
    where mrr > 0

),

subscribers as (

    select distinct
        fit_window,
        person_key
    from running

),

{# orders of a running subscription are left out, because int_clv_contracts already predicts their revenue from its MRR #}
purchase_days as (

    select
        windows.fit_window,
        windows.last_date as window_end,
        orders.person_key,
        orders.ordered_date,
        sum(orders.net_revenue) as revenue
    from {{ ref('int_order_persons') }} as orders
    cross join {{ ref('int_clv_windows') }} as windows
    left join running on orders.subscription_id = running.subscription_id and windows.fit_window = running.fit_window
    where orders.is_conversion and running.subscription_id is null
    group by windows.fit_window, windows.last_date, orders.person_key, orders.ordered_date

),

numbered as (

    select
        *,
        min(ordered_date) over (partition by fit_window, person_key) as first_date
    from purchase_days

),

counted as (

    select
        fit_window,
        window_end,
        person_key,
        min(first_date) as first_date,
        max(case when ordered_date <= window_end then ordered_date end) as last_date,
        count(*) filter (where ordered_date <= window_end) - 1 as frequency,
        coalesce(sum(revenue) filter (where ordered_date <= window_end and ordered_date > first_date), 0) as repeat_revenue,
        count(*) filter (where ordered_date > window_end) as purchase_days_after,
        coalesce(sum(revenue) filter (where ordered_date > window_end), 0) as revenue_after
    from numbered
    where first_date <= window_end
    group by fit_window, window_end, person_key

)

select
    counted.fit_window,
    counted.person_key,
    subscribers.person_key is null as is_fitted,
    {{ month_of('counted.first_date') }} as cohort_month,
    counted.frequency,
    {{ days_between('counted.first_date', 'counted.last_date') }} as recency_days,
    {{ days_between('counted.first_date', 'counted.window_end') }} as age_days,
    cast(counted.repeat_revenue as decimal(28, 4)) as repeat_revenue,
    cast(counted.repeat_revenue as double) / nullif(counted.frequency, 0) as revenue_per_repeat_day,
    counted.purchase_days_after,
    cast(counted.revenue_after as decimal(28, 4)) as revenue_after
from counted
left join subscribers on counted.fit_window = subscribers.fit_window and counted.person_key = subscribers.person_key
