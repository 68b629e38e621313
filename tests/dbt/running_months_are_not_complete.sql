-- The running month is not complete and all months before it are. A running month read as complete looks like a collapse of every KPI.
-- Its churn is not known before its end, so its rates are null until then.
{%- set month_columns = {'kpi_unit_economics': 'cohort_month'} %}
{%- set marts = [
    'kpi_cart', 'kpi_ces', 'kpi_churn', 'kpi_cohort_value', 'kpi_csat', 'kpi_email', 'kpi_fulfilment', 'kpi_mrr', 'kpi_nps', 'kpi_pipeline',
    'kpi_products', 'kpi_referrals', 'kpi_retention', 'kpi_reviews', 'kpi_sales', 'kpi_service', 'kpi_unit_economics',
] %}
{%- for mart in marts %}
select
    '{{ mart }}' as problem,
    count(*) as failed_rows
from {{ ref(mart) }}
where is_complete is distinct from {{ month_columns.get(mart, 'month_start') }} < {{ month_of(reporting_date(as_of())) }}
having count(*) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- for mart, rate in [
    ('kpi_churn', 'churn_rate'), ('kpi_mrr', 'nrr'), ('kpi_mrr', 'grr'), ('kpi_mrr', 'logo_retention_rate'),
    ('kpi_retention', 'retention_rate'), ('kpi_retention', 'repeat_rate'),
] %}
union all
select
    '{{ mart }}.{{ rate }}' as problem,
    count(*) as failed_rows
from {{ ref(mart) }}
where not is_complete and {{ rate }} is not null
having count(*) > 0
{%- endfor %}
