{#- Frequencies from here on are rare, so they form one group. -#}
{%- set top_frequency = 7 -%}

with predictions as (

    select
        *,
        least(frequency, {{ top_frequency }}) as frequency_group
    from {{ ref('int_clv_predictions') }}
    where fit_window = 'calibration' and is_fitted

)

select
    cohort_month,
    case when frequency_group = {{ top_frequency }} then '{{ top_frequency }}+' else cast(frequency_group as string) end as frequency,
    count(*) as customers,
    sum(predicted_purchases) as predicted_purchases,
    cast(sum(purchase_days_after) as bigint) as actual_purchases,
    sum(predicted_purchases * expected_value_per_purchase_day) as predicted_revenue,
    cast(sum(revenue_after) as decimal(28, 4)) as actual_revenue
from predictions
group by cohort_month, frequency_group
