{{ config(materialized='view') }}

select
    fit_window,
    input_hash,
    as_of,
    frequency,
    recency_days,
    age_days,
    p_alive,
    predicted_purchases,
    discounted_purchases
from {{ source('private', 'clv_scores') }}
