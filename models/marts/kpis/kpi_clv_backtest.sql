{#- Few bought oftener, and each of them is another number: they are one group. -#}
{%- set most = 7 -%}

with predictions as (

    select
        *,
        least(frequency, {{ most }}) as frequency_group
    from {{ ref('int_clv_predictions') }}
    where fit_window = 'calibration' and is_fitted

)

select
    cohort_month,
    case when frequency_group = {{ most }} then '{{ most }}+' else cast(frequency_group as string) end as frequency,
    count(*) as customers,
    sum(predicted_purchases) as predicted_purchases,
    cast(sum(purchase_days_after) as bigint) as actual_purchases,
    sum(predicted_purchases * expected_value_per_purchase_day) as predicted_revenue,
    cast(sum(revenue_after) as decimal(28, 4)) as actual_revenue
from predictions
group by cohort_month, frequency_group
