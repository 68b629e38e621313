-- Every date column is the day of its timestamp in the reporting time zone. In another zone, events around midnight move to another day,
-- and at the end of a month to another month.
{%- set moments = [
    ('fct_orders', 'ordered'), ('fct_refunds', 'refunded'), ('fct_sessions', 'started'), ('fct_touchpoints', 'touched'),
    ('fct_conversions', 'converted'), ('fct_deals', 'created'), ('fct_deals', 'closed'), ('fct_tickets', 'opened'),
    ('fct_messages', 'sent'), ('fct_survey_responses', 'responded'), ('fct_survey_invitations', 'sent'), ('fct_reviews', 'reviewed'),
    ('fct_referrals', 'referred'), ('fct_experiment_exposures', 'exposed'), ('fct_product_views', 'viewed'),
    ('fct_churn_events', 'churned'), ('fct_mrr_movements', 'moved'), ('fct_subscription_changes', 'changed'),
    ('fct_stage_entries', 'entered'),
] %}
{%- for fact, verb in moments %}
select
    '{{ fact }}.{{ verb }}_date' as problem,
    count(*) as failed_rows
from {{ ref(fact) }}
where {{ verb }}_date is distinct from {{ reporting_date(verb ~ '_at') }}
having count(*) > 0
{{ 'union all' if not loop.last }}
{%- endfor %}
