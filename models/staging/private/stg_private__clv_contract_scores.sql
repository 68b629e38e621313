{{ config(materialized='view') }}

select
    fit_window,
    input_hash,
    as_of,
    lifetime_months,
    discounted_months
from {{ source('private', 'clv_contract_scores') }}
