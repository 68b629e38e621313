{%- set names_under_the_rule = free_text_names() | join("', '") -%}
{# a paid campaign without a row of spend has cost 0 in attribution_performance; skipped if no spend was landed #}
with paid_sessions as (

    select sessions.campaign
    from {{ ref('int_sessions') }} as sessions
    inner join {{ ref('channels') }} as channels on sessions.channel = channels.channel
    where channels.ownership = 'paid' and exists (select 1 from {{ ref('fct_ad_spend') }})

),

encountered as (

    select
        'orders.orders.status' as source_column,
        status as unmapped_value
    from {{ ref('stg_orders__orders') }}
    where
        status is not null
        and row_reason = 'unmapped_status'
    union all
    select
        'crm.lifecycle_changes.stage' as source_column,
        stage as unmapped_value
    from {{ ref('stg_crm__lifecycle_changes') }}
    where
        stage is not null
        and row_reason = 'unmapped_stage'
    union all
    select
        'crm.deals.status' as source_column,
        status as unmapped_value
    from {{ ref('stg_crm__deals') }}
    where
        status is not null
        and row_reason = 'unknown_status'
    union all
    select
        'feedback.survey_responses.survey_type' as source_column,
        survey_type as unmapped_value
    from {{ ref('stg_feedback__survey_responses') }}
    where
        survey_type is not null
        and row_reason = 'unknown_survey_type'
    union all
    select
        'feedback.survey_responses.touchpoint' as source_column,
        touchpoint as unmapped_value
    from {{ accepted('feedback', 'survey_responses') }} as accepted_rows
    where
        touchpoint is not null
        and touchpoint not in (select known.touchpoint from {{ ref('survey_touchpoints') }} as known)
        and touchpoint not in (select known.touchpoint_type from {{ ref('touchpoint_types') }} as known)
    union all
    select
        'crm.activities.activity_type' as source_column,
        activity_type as unmapped_value
    from {{ accepted('crm', 'activities') }} as accepted_rows
    where
        activity_type is not null
        and activity_type not in (select known.touchpoint_type from {{ ref('touchpoint_types') }} as known)
        and activity_type not in (select known.item from {{ ref('journey_items') }} as known)
        and activity_type not in (select known.event_type from {{ ref('lead_scoring') }} as known)
    union all
    select
        'crm.activities.channel' as source_column,
        channel as unmapped_value
    from {{ accepted('crm', 'activities') }} as accepted_rows
    where
        channel is not null
        and channel not in (select known.channel from {{ ref('channels') }} as known)
        and channel not in (select known.channel_alias from {{ ref('channel_aliases') }} as known)
    union all
    select
        'crm.activities.outcome' as source_column,
        {{ lower_case('outcome') }} as unmapped_value
    from {{ accepted('crm', 'activities') }} as accepted_rows
    where
        {{ lower_case('outcome') }} is not null
        and {{ lower_case('outcome') }} not in (select known.crm_activity_outcome from {{ ref('crm_activity_outcomes') }} as known)
    union all
    select
        'crm.deals.lost_reason' as source_column,
        lost_reason as unmapped_value
    from {{ accepted('crm', 'deals') }} as accepted_rows
    where
        lost_reason is not null
        and status = 'lost'
        and lost_reason not in (select known.crm_lost_reason from {{ ref('crm_lost_reasons') }} as known)
    union all
    select
        'crm.contacts.lead_source' as source_column,
        {{ lower_case('lead_source') }} as unmapped_value
    from {{ accepted('crm', 'contacts') }} as accepted_rows
    where
        {{ lower_case('lead_source') }} is not null
        and {{ lower_case('lead_source') }} not in (select known.crm_lead_source from {{ ref('crm_lead_sources') }} as known)
    union all
    select
        'crm.tickets.channel' as source_column,
        channel as unmapped_value
    from {{ accepted('crm', 'tickets') }} as accepted_rows
    where
        channel is not null
        and channel not in (select known.channel from {{ ref('channels') }} as known)
        and channel not in (select known.channel_alias from {{ ref('channel_aliases') }} as known)
    union all
    select
        'crm.subscription_changes.reason' as source_column,
        reason as unmapped_value
    from {{ accepted('crm', 'subscription_changes') }} as accepted_rows
    where
        reason is not null
        and reason not in (select known.raw_reason from {{ ref('churn_reason_map') }} as known)
    union all
    select
        'marketing.offline_visits.place_type' as source_column,
        place_type as unmapped_value
    from {{ accepted('marketing', 'offline_visits') }} as accepted_rows
    where
        place_type is not null
        and place_type not in (select replace(known.touchpoint_type, 'visit_', '') from {{ ref('touchpoint_types') }} as known)
    union all
    select
        'marketing.social_interactions.interaction_type' as source_column,
        interaction_type as unmapped_value
    from {{ accepted('marketing', 'social_interactions') }} as accepted_rows
    where
        interaction_type is not null
        and interaction_type not in (select replace(known.touchpoint_type, 'social_', '') from {{ ref('touchpoint_types') }} as known)
    union all
    select
        'marketing.social_interactions.platform' as source_column,
        platform as unmapped_value
    from {{ accepted('marketing', 'social_interactions') }} as accepted_rows
    where
        platform is not null
        and platform not in (select known.source_name from {{ ref('channel_sources') }} as known)
    union all
    select
        'marketing.email_events.event_type' as source_column,
        event_type as unmapped_value
    from {{ accepted('marketing', 'email_events') }} as accepted_rows
    where
        event_type is not null
        and event_type <> 'bounced'
        and event_type not in (select replace(known.touchpoint_type, 'email_', '') from {{ ref('touchpoint_types') }} as known)
        and event_type not in (select replace(known.item, 'email_', '') from {{ ref('journey_items') }} as known)
    union all
    select
        'marketing.offline_visits.identifier_type' as source_column,
        identifier_type as unmapped_value
    from {{ accepted('marketing', 'offline_visits') }} as accepted_rows
    where
        identifier_type is not null
        and identifier_type not in (select known.identifier_type from {{ ref('identifier_types') }} as known)
    union all
    select
        'marketing.social_interactions.identifier_type' as source_column,
        identifier_type as unmapped_value
    from {{ accepted('marketing', 'social_interactions') }} as accepted_rows
    where
        identifier_type is not null
        and identifier_type not in (select known.identifier_type from {{ ref('identifier_types') }} as known)
    union all
    select
        'web.identities.identifier_type' as source_column,
        identifier_type as unmapped_value
    from {{ accepted('web', 'identities') }} as accepted_rows
    where
        identifier_type is not null
        and identifier_type not in (select known.identifier_type from {{ ref('identifier_types') }} as known)
    union all
    select
        'web.events.utm_source, utm_medium' as source_column,
        source || ' / ' || medium as unmapped_value
    from {{ ref('int_sessions') }}
    where
        source || ' / ' || medium is not null
        and channel = 'unassigned'
    union all
    select
        'web.events.referrer_url' as source_column,
        source as unmapped_value
    from {{ ref('int_sessions') }}
    where
        source is not null
        and channel = 'referral'
        and medium = 'referral'
        and campaign = '(none)'
    union all
    select
        'web.events.utm_campaign' as source_column,
        campaign as unmapped_value
    from paid_sessions
    where
        campaign is not null
        and campaign <> '(none)'
        and campaign not in (select known.campaign from {{ ref('fct_ad_spend') }} as known)
    union all
    select
        'marketing.ad_spend.utm_source, utm_medium' as source_column,
        concat_ws(' / ', utm_source, utm_medium) as unmapped_value
    from {{ ref('fct_ad_spend') }}
    where
        concat_ws(' / ', utm_source, utm_medium) is not null
        and channel = 'unassigned'
        and utm_source is not null
    union all
    select
        'marketing.ad_spend.campaign_id' as source_column,
        concat_ws(' / ', platform, account_id, campaign_id) as unmapped_value
    from {{ ref('fct_ad_spend') }}
    where
        concat_ws(' / ', platform, account_id, campaign_id) is not null
        and channel = 'unassigned'
        and utm_source is null

),

masked as (

    select
        source_column,
        unmapped_value,
        {{ masked('unmapped_value') }} as masked_value
    from encountered

),

{# UTM tags and sites are only masked, as in the published sessions; typed texts follow the rule for free text #}
shown as (

    select
        masked.source_column,
        case
            when masked.source_column in ('{{ names_under_the_rule }}')
                then {{ shown_text('masked.masked_value', 'texts') }}
            else masked.masked_value
        end as unmapped_value
    from masked
    {{ join_shared_text('texts', 'masked.source_column', 'masked.unmapped_value') }}

)

select
    source_column,
    unmapped_value,
    count(*) as row_count
from shown
group by source_column, unmapped_value
