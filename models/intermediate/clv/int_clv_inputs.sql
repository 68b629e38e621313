{%- set purchase_model = setting('clv_model') -%}
{%- if purchase_model not in ['mbg_nbd', 'bg_nbd'] -%}
    {{ exceptions.raise_compiler_error("Setting clv_model is '" ~ purchase_model ~ "'; it must be mbg_nbd or bg_nbd.") }}
{%- endif -%}
{%- set statistics = [
    'fit_window', 'cast(frequency as string)', 'cast(recency_days as string)', 'cast(age_days as string)',
    decimal_to_text('repeat_revenue', 4),
] -%}

with customers as (

    select
        fit_window,
        count(*) as customers,
        sum({{ hash_number(statistics | join(" || '|' || ")) }}) as sum_of_hashes
    from {{ ref('int_clv_customers') }}
    group by fit_window

)

select
    windows.fit_window,
    windows.last_date,
    cast(windows.weeks_ahead as bigint) as weeks_ahead,
    coalesce(customers.customers, 0) as customers,
    {{ as_of() }} as as_of,
    cast({{ setting('clv_min_customers') }} as bigint) as min_customers,
    cast({{ setting('clv_discount_rate') }} as double) as discount_rate,
    '{{ purchase_model }}' as purchase_model,
    md5(
        cast(coalesce(customers.customers, 0) as string) || '|' || cast(coalesce(customers.sum_of_hashes, 0) as string)
        || '|' || cast(windows.last_date as string) || '|' || cast(windows.weeks_ahead as string)
        || '|{{ setting('clv_min_customers') }}|{{ setting('clv_discount_rate') }}|{{ purchase_model }}'
    ) as input_hash
from {{ ref('int_clv_windows') }} as windows
left join customers on windows.fit_window = customers.fit_window
