-- Predictions that are null would be taken for customers who never come back. Nothing stops: what is historical stands.
-- A company with few customers has no fit for as long as that lasts, which kpi_clv_model tells; warned of is what may change tomorrow.
{{ config(severity='warn') }}

select
    fit_window,
    model,
    failure
from {{ ref('kpi_clv_model') }}
where
    failure is not null
    and failure not like 'too few customers%'
    {# what subscriptions are to bring is counted all the same, by the share that renewed #}
    and (model <> 'sbg' or failure like 'not fitted%')
