-- Every rate lies between its Wilson bounds, and the bounds use the rate's own number of trials; otherwise chance would look like an
-- effect. Both bounds b of a rate p with n trials solve (p - b)² = z² b (1 - b) / n.
{%- set rates = [
    ('kpi_cart', 'cart_abandonment_rate', 'cart_abandonment_rate', 'cart_sessions'),
    ('kpi_cart', 'checkout_abandonment_rate', 'checkout_abandonment_rate', 'checkout_sessions'),
    ('kpi_cart', 'form_abandonment_rate', 'form_abandonment_rate', 'form_sessions'),
    ('kpi_ces', 'low_effort_rate', 'low_effort_rate', 'responses'),
    ('kpi_churn', 'churn_rate', 'churn_rate', 'customers_at_start'),
    ('kpi_csat', 'csat', 'csat', 'responses'),
    ('kpi_customer_types', 'conversion_rate', 'conversion_rate', 'mature_leads'),
    ('kpi_customer_types', 'repeat_rate', 'repeat_rate', 'buyers'),
    ('kpi_email', 'open_rate', 'open_rate', 'delivered'),
    ('kpi_email', 'click_rate', 'click_rate', 'delivered'),
    ('kpi_experiments', 'conversion_rate', 'conversion_rate', 'mature_persons'),
    ('kpi_fulfilment', 'on_time_rate', 'on_time_rate', 'on_time + late'),
    ('kpi_fulfilment', 'return_rate', 'return_rate', 'shipped'),
    ('kpi_funnel', 'conversion_rate', 'rate', 'entered'),
    ('kpi_mrr', 'logo_retention_rate', 'logo_retention_rate', 'starting_accounts'),
    ('kpi_pipeline', 'win_rate', 'win_rate', 'won_deals + lost_deals'),
    ('kpi_pipeline', 'mql_acceptance_rate', 'mql_acceptance', 'mqls'),
    ('kpi_products', 'view_to_order_rate', 'view_to_order', 'viewers'),
    ('kpi_referrals', 'conversion_rate', 'conversion_rate', 'invitations'),
    ('kpi_retention', 'retention_rate', 'retention_rate', 'customers'),
    ('kpi_reviews', 'positive_rate', 'positive_rate', 'reviews'),
    ('kpi_sales', 'repeat_order_share', 'repeat_order_share', 'orders'),
    ('kpi_sales', 'cross_sell_rate', 'cross_sell_rate', 'cross_sell_candidates'),
    ('kpi_service', 'within_target_rate', 'within_target_rate', 'target_tickets'),
] %}
with bounds as (

    {%- for mart, rate, bound, trials in rates %}
    select
        '{{ mart }}.{{ rate }}' as rate_name,
        {{ rate }} as rate,
        {{ bound }}_low as low,
        {{ bound }}_high as high,
        cast({{ trials }} as double) as trials
    from {{ ref(mart) }}
    where coalesce({{ rate }}, {{ bound }}_low, {{ bound }}_high) is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    rate_name as problem,
    count(*) as failed_rows
from bounds
where
    rate is null
    or low is null
    or high is null
    or low - rate > 1e-9
    or rate - high > 1e-9
    or low < -1e-9
    or high > 1 + 1e-9
    {%- for bound in ['low', 'high'] %}
    or abs((rate - {{ bound }}) * (rate - {{ bound }}) - {{ z_95() }} * {{ z_95() }} * {{ bound }} * (1 - {{ bound }}) / trials) > 1e-9
    {%- endfor %}
group by rate_name
