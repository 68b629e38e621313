-- Warns when a CLV model has no fit that it could have: predictions that are null would be read as customers who never come back.
-- Historical columns are not affected. A company with too few customers gets no warning, since kpi_clv_model says so.
{{ config(severity='warn') }}

select
    fit_window,
    model,
    failure
from {{ ref('kpi_clv_model') }}
where
    failure is not null
    and failure not like 'too few customers%'
    {# sbg is not needed: without a fit, contracts are valued by the share of subscriptions renewed #}
    and (model <> 'sbg' or failure like 'not fitted%')
