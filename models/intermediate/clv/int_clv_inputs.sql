{%- set purchase_model = setting('clv_model') -%}
{%- if purchase_model not in ['mbg_nbd', 'bg_nbd'] -%}
    {{ exceptions.raise_compiler_error("Setting clv_model is '" ~ purchase_model ~ "'; it must be mbg_nbd or bg_nbd.") }}
{%- endif -%}
{%- set statistics = [
    'fit_window', 'cast(frequency as string)', 'cast(recency_days as string)', 'cast(age_days as string)',
    "case when is_fitted then '1' else '0' end",
    decimal_to_text('repeat_revenue', 4),
] -%}
{%- set lifetime_statistics = [
    'fit_window', 'cast(lifetime_months as string)', "case when is_ended then '1' else '0' end",
    "case when is_first_of_lifetime then '1' else '0' end", "case when mrr > 0 then '1' else '0' end",
] -%}

with customers as (

    select
        fit_window,
        count(*) filter (where is_fitted) as customers,
        sum({{ hash_number(statistics | join(" || '|' || ")) }}) as sum_of_hashes
    from {{ ref('int_clv_customers') }}
    group by fit_window

),

subscriptions as (

    select
        fit_window,
        count(*) filter (where is_first_of_lifetime) as lifetimes,
        sum({{ hash_number(lifetime_statistics | join(" || '|' || ")) }}) as sum_of_hashes
    from {{ ref('int_clv_subscriptions') }}
    group by fit_window

)

select
    windows.fit_window,
    windows.last_date,
    cast(windows.weeks_ahead as bigint) as weeks_ahead,
    coalesce(customers.customers, 0) as customers,
    coalesce(subscriptions.lifetimes, 0) as subscriptions,
    {{ as_of() }} as as_of,
    cast({{ setting('clv_min_customers') }} as bigint) as min_customers,
    cast({{ setting('clv_discount_rate') }} as double) as discount_rate,
    '{{ purchase_model }}' as purchase_model,
    md5(
        cast(coalesce(customers.customers, 0) as string) || '|' || cast(coalesce(customers.sum_of_hashes, 0) as string)
        || '|' || cast(coalesce(subscriptions.lifetimes, 0) as string) || '|' || cast(coalesce(subscriptions.sum_of_hashes, 0) as string)
        || '|' || cast(windows.last_date as string) || '|' || cast(windows.weeks_ahead as string)
        || '|{{ setting('clv_min_customers') }}|{{ setting('clv_discount_rate') }}|{{ purchase_model }}'
    ) as input_hash
from {{ ref('int_clv_windows') }} as windows
left join customers on windows.fit_window = customers.fit_window
left join subscriptions on windows.fit_window = subscriptions.fit_window
