{{ config(materialized='view') }}

select
    fit_window,
    input_hash,
    as_of,
    model,
    parameter,
    value,
    log_likelihood,
    customers,
    is_at_edge,
    failure
from {{ source('private', 'clv_parameters') }}
