-- sqlfluff:exclude_rules:layout.indent
{# The line above: a loop writes the parts, and they are indented for the reader of this file. #}
{#- Values that a seed should know, and where it does not: what met it, the value, where it comes from, and when it is not mapped. -#}
{%- set parts = [
    {
        'met_in': 'orders.orders.status', 'value': 'met.status', 'from': ref('stg_orders__orders'),
        'where': "met.row_reason = 'unmapped_status'",
    },
    {
        'met_in': 'crm.lifecycle_changes.stage', 'value': 'met.stage', 'from': ref('stg_crm__lifecycle_changes'),
        'where': "met.row_reason = 'unmapped_stage'",
    },
    {
        'met_in': 'crm.deals.status', 'value': 'met.status', 'from': ref('stg_crm__deals'),
        'where': "met.row_reason = 'unknown_status'",
    },
    {
        'met_in': 'feedback.survey_responses.survey_type', 'value': 'met.survey_type', 'from': ref('stg_feedback__survey_responses'),
        'where': "met.row_reason = 'unknown_survey_type'",
    },
    {
        'met_in': 'feedback.survey_responses.touchpoint', 'value': 'met.touchpoint', 'from': accepted('feedback', 'survey_responses'),
        'known': [(ref('survey_touchpoints'), 'touchpoint'), (ref('touchpoint_types'), 'touchpoint_type')],
    },
    {
        'met_in': 'crm.activities.activity_type', 'value': 'met.activity_type', 'from': accepted('crm', 'activities'),
        'known': [(ref('touchpoint_types'), 'touchpoint_type'), (ref('journey_items'), 'item'), (ref('lead_scoring'), 'event_type')],
    },
    {
        'met_in': 'crm.activities.channel', 'value': 'met.channel', 'from': accepted('crm', 'activities'),
        'known': [(ref('channels'), 'channel'), (ref('channel_aliases'), 'channel_alias')],
    },
    {
        'met_in': 'crm.activities.outcome', 'value': 'met.outcome', 'from': 'shared_outcomes',
        'known': [(ref('crm_activity_outcomes'), 'crm_activity_outcome')],
    },
    {
        'met_in': 'crm.deals.lost_reason', 'value': 'met.lost_reason', 'from': accepted('crm', 'deals'),
        'known': [(ref('crm_lost_reasons'), 'crm_lost_reason')], 'where': "met.status = 'lost'",
    },
    {
        'met_in': 'crm.contacts.lead_source', 'value': lower_case('met.lead_source'), 'from': accepted('crm', 'contacts'),
        'known': [(ref('crm_lead_sources'), 'crm_lead_source')],
    },
    {
        'met_in': 'crm.tickets.channel', 'value': 'met.channel', 'from': accepted('crm', 'tickets'),
        'known': [(ref('channels'), 'channel'), (ref('channel_aliases'), 'channel_alias')],
    },
    {
        'met_in': 'crm.subscription_changes.reason', 'value': 'met.reason', 'from': accepted('crm', 'subscription_changes'),
        'known': [(ref('churn_reason_map'), 'raw_reason')],
    },
    {
        'met_in': 'marketing.offline_visits.place_type', 'value': 'met.place_type', 'from': accepted('marketing', 'offline_visits'),
        'known': [(ref('touchpoint_types'), "replace(touchpoint_type, 'visit_', '')")],
    },
    {
        'met_in': 'marketing.social_interactions.interaction_type', 'value': 'met.interaction_type',
        'from': accepted('marketing', 'social_interactions'),
        'known': [(ref('touchpoint_types'), "replace(touchpoint_type, 'social_', '')")],
    },
    {
        'met_in': 'marketing.social_interactions.platform', 'value': 'met.platform', 'from': accepted('marketing', 'social_interactions'),
        'known': [(ref('channel_sources'), 'source_name')],
    },
    {
        'met_in': 'marketing.email_events.event_type', 'value': 'met.event_type', 'from': accepted('marketing', 'email_events'),
        'known': [
            (ref('touchpoint_types'), "replace(touchpoint_type, 'email_', '')"), (ref('journey_items'), "replace(item, 'email_', '')"),
        ],
        'where': "met.event_type <> 'bounced'",
    },
    {
        'met_in': 'marketing.offline_visits.identifier_type', 'value': 'met.identifier_type', 'from': accepted('marketing', 'offline_visits'),
        'known': [(ref('identifier_types'), 'identifier_type')],
    },
    {
        'met_in': 'marketing.social_interactions.identifier_type', 'value': 'met.identifier_type', 'from': accepted('marketing', 'social_interactions'),
        'known': [(ref('identifier_types'), 'identifier_type')],
    },
    {
        'met_in': 'web.identities.identifier_type', 'value': 'met.identifier_type', 'from': accepted('web', 'identities'),
        'known': [(ref('identifier_types'), 'identifier_type')],
    },
    {
        'met_in': 'web.events.utm_source, utm_medium', 'value': "met.source || ' / ' || met.medium", 'from': ref('int_sessions'),
        'where': "met.channel = 'unassigned'",
    },
    {
        'met_in': 'web.events.referrer_url', 'value': 'met.source', 'from': ref('int_sessions'),
        'where': "met.channel = 'referral' and met.medium = 'referral' and met.campaign = '(none)'",
    },
    {
        'met_in': 'web.events.utm_campaign', 'value': 'met.campaign', 'from': 'paid_sessions',
        'known': [(ref('fct_ad_spend'), 'campaign')], 'where': "met.campaign <> '(none)'",
    },
    {
        'met_in': 'marketing.ad_spend.utm_source, utm_medium', 'value': "concat_ws(' / ', met.utm_source, met.utm_medium)",
        'from': ref('fct_ad_spend'), 'where': "met.channel = 'unassigned' and met.utm_source is not null",
    },
    {
        'met_in': 'marketing.ad_spend.campaign_id', 'value': "concat_ws(' / ', met.platform, met.account_id, met.campaign_id)",
        'from': ref('fct_ad_spend'), 'where': "met.channel = 'unassigned' and met.utm_source is null",
    },
] -%}

{# what was paid for and is in no spend has no cost in attribution_performance; a company that lands no spend misses nothing #}
with paid_sessions as (

    select sessions.campaign
    from {{ ref('int_sessions') }} as sessions
    inner join {{ ref('channels') }} as channels on sessions.channel = channels.channel
    where channels.ownership = 'paid' and exists (select 1 from {{ ref('fct_ad_spend') }})

),

{# an outcome that several contacts share is one of a list; another is what somebody wrote down of one of them #}
outcomes as (

    select
        {{ lower_case('outcome') }} as outcome,
        coalesce(contact_id, email) as contact
    from {{ accepted('crm', 'activities') }} as activities
    where outcome is not null

),

listed_outcomes as (

    select outcome
    from outcomes
    group by outcome
    having count(distinct contact) >= 5

),

shared_outcomes as (

    select outcomes.outcome
    from outcomes
    inner join listed_outcomes on outcomes.outcome = listed_outcomes.outcome

),

met as (

    {%- for part in parts %}
    select
        '{{ part.met_in }}' as met_in,
        {{ part.value }} as value_met
    from {{ part['from'] }} as met
    where
        {{ part.value }} is not null
        {%- if part.where %}
        and {{ part.where }}
        {%- endif %}
        {%- for relation, column in part.get('known', []) %}
        and {{ part.value }} not in (select {{ column }} from {{ relation }})
        {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

masked as (

    select
        met_in,
        {{ masked('value_met') }} as value_met
    from met

)

select
    met_in,
    value_met,
    count(*) as row_count
from masked
group by met_in, value_met
