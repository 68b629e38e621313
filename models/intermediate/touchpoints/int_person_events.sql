{%- set columns = [
    'source_table', 'source_id', 'person_id', 'occurred_at', 'event_type', 'channel', 'campaign', 'direction', 'amount', 'ended_at',
] -%}
{%- set parts = [
    'activities', 'contacts', 'web_actions', 'messages', 'interactions', 'quotes', 'deals', 'won_deals', 'subscription_changes',
    'orders', 'tickets', 'referrals', 'survey_responses', 'reviews',
] -%}

with activities as (

    select
        'crm.activities' as source_table,
        activities.activity_id as source_id,
        {{ person_id_of(['contact_id', 'email']) }} as person_id,
        activities.occurred_at,
        activities.activity_type as event_type,
        activities.channel,
        activities.campaign,
        activities.direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'activities') }} as activities
    {{ join_persons('activities', ['contact_id', 'email'], 'occurred_at') }}

),

contacts as (

    select
        'crm.contacts' as source_table,
        contacts.contact_id as source_id,
        {{ person_id_of(['contact_id']) }} as person_id,
        contacts.created_at as occurred_at,
        'contact_created' as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        cast(null as varchar) as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'contacts') }} as contacts
    {{ join_persons('contacts', ['contact_id'], 'created_at') }}

),

{# key actions on the web; what was merely looked at is in the sessions #}
web_actions as (

    select
        'web.events' as source_table,
        events.event_id as source_id,
        {{ person_id_of(['anonymous_id']) }} as person_id,
        events.occurred_at,
        'web_' || events.event_name as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        'inbound' as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('web', 'events') }} as events
    {{ join_persons('events', ['anonymous_id'], 'occurred_at') }}
    where events.event_name in ('signup', 'form_submitted', 'add_to_cart', 'checkout_started')

),

messages as (

    select
        'marketing.email_events' as source_table,
        email_events.email_event_id as source_id,
        {{ person_id_of(['email']) }} as person_id,
        email_events.occurred_at,
        'email_' || email_events.event_type as event_type,
        cast(null as varchar) as channel,
        email_events.campaign,
        cast(null as varchar) as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('marketing', 'email_events') }} as email_events
    {{ join_persons('email_events', ['email'], 'occurred_at') }}
    where not (email_events.event_type = 'opened' and coalesce(email_events.is_machine, false))

),

identified as (

    select
        'marketing.social_interactions' as source_table,
        interaction_id as source_id,
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier,
        occurred_at,
        'social_' || interaction_type as event_type,
        case when platform = 'zalo' then 'zalo' end as channel,
        cast(sentiment as decimal(18, 4)) as amount
    from {{ accepted('marketing', 'social_interactions') }} as social_interactions
    union all
    select
        'marketing.offline_visits' as source_table,
        visit_id as source_id,
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier,
        visited_at as occurred_at,
        'visit_' || place_type as event_type,
        cast(null as varchar) as channel,
        cast(null as decimal(18, 4)) as amount
    from {{ accepted('marketing', 'offline_visits') }} as offline_visits

),

interactions as (

    select
        identified.source_table,
        identified.source_id,
        coalesce(person_identifiers.person_id, 'unknown') as person_id,
        identified.occurred_at,
        identified.event_type,
        identified.channel,
        cast(null as varchar) as campaign,
        cast(null as varchar) as direction,
        identified.amount,
        cast(null as timestamp) as ended_at
    from identified
    {{ join_former_identifier('former', 'identified.identifier', 'identified.occurred_at') }}
    left join {{ ref('int_person_identifiers') }} as person_identifiers
        on person_identifiers.identifier = coalesce(former.contact_identifier, identified.identifier)

),

quotes as (

    select
        'crm.quotes' as source_table,
        quotes.quote_id as source_id,
        {{ person_id_of(['contact_id']) }} as person_id,
        quotes.quoted_at as occurred_at,
        'quote' as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        'outbound' as direction,
        {{ to_reporting_currency('quotes.amount') }} as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'quotes') }} as quotes
    {{ join_exchange_rates('quotes.currency', reporting_date('quotes.quoted_at')) }}
    {{ join_persons('quotes', ['contact_id'], 'quoted_at') }}

),

{# a CRM that keeps no closed_at still tells by its changes when a deal took the status it has now #}
closings as (

    select
        changes.deal_id,
        min(changes.changed_at) as closed_at
    from {{ accepted('crm', 'deal_changes') }} as changes
    inner join {{ accepted('crm', 'deals') }} as deals
        on changes.deal_id = deals.deal_id
        and changes.status = deals.status
    where changes.status in ('won', 'lost')
    group by changes.deal_id

),

deals as (

    select
        'crm.deals' as source_table,
        deals.deal_id as source_id,
        {{ person_id_of(['contact_id']) }} as person_id,
        deals.created_at as occurred_at,
        'deal_created' as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        cast(null as varchar) as direction,
        {{ to_reporting_currency('deals.amount') }} as amount,
        coalesce(deals.closed_at, closings.closed_at) as ended_at
    from {{ accepted('crm', 'deals') }} as deals
    left join closings on deals.deal_id = closings.deal_id
    {{ join_exchange_rates('deals.currency', reporting_date('deals.created_at')) }}
    {{ join_persons('deals', ['contact_id'], 'created_at') }}

),

won_deals as (

    select
        deals.source_table,
        deals.source_id,
        deals.person_id,
        deals.ended_at as occurred_at,
        'deal_won' as event_type,
        deals.channel,
        deals.campaign,
        deals.direction,
        deals.amount,
        cast(null as timestamp) as ended_at
    from deals
    inner join {{ accepted('crm', 'deals') }} as staged on deals.source_id = staged.deal_id
    where staged.status = 'won' and deals.ended_at is not null

),

subscription_changes as (

    select
        'crm.subscription_changes' as source_table,
        changes.change_id as source_id,
        {{ person_id_of(['contact_id']) }} as person_id,
        changes.changed_at as occurred_at,
        'subscription_' || changes.change_type as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        cast(null as varchar) as direction,
        {{ to_reporting_currency('changes.mrr') }} as amount,
        min(case when changes.change_type = 'cancelled' then changes.changed_at end) over (
            partition by changes.subscription_id
            order by changes.changed_at, changes.change_id
            rows between 1 following and unbounded following
        ) as ended_at
    from {{ accepted('crm', 'subscription_changes') }} as changes
    {{ join_exchange_rates('changes.currency', reporting_date('changes.changed_at')) }}
    {{ join_persons('changes', ['contact_id'], 'changed_at') }}

),

orders as (

    select
        'orders.orders' as source_table,
        orders.order_id as source_id,
        orders.person_id,
        orders.ordered_at as occurred_at,
        'order' as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        'inbound' as direction,
        orders.net_revenue as amount,
        cast(null as timestamp) as ended_at
    from {{ ref('int_order_persons') }} as orders
    where orders.is_conversion

),

tickets as (

    select
        'crm.tickets' as source_table,
        tickets.ticket_id as source_id,
        {{ person_id_of(['contact_id', 'email']) }} as person_id,
        tickets.opened_at as occurred_at,
        'ticket' as event_type,
        tickets.channel,
        cast(null as varchar) as campaign,
        'inbound' as direction,
        cast(null as decimal(18, 4)) as amount,
        tickets.resolved_at as ended_at
    from {{ accepted('crm', 'tickets') }} as tickets
    {{ join_persons('tickets', ['contact_id', 'email'], 'opened_at') }}

),

referrals as (

    select
        'crm.referrals' as source_table,
        referrals.referral_id as source_id,
        coalesce(person_identifiers.person_id, 'unknown') as person_id,
        referrals.referred_at as occurred_at,
        'referral' as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        'inbound' as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'referrals') }} as referrals
    left join {{ ref('int_person_identifiers') }} as person_identifiers
        on {{ identifier_key("'contact_id'", 'referrals.referrer_contact_id') }} = person_identifiers.identifier

),

survey_responses as (

    select
        'feedback.survey_responses' as source_table,
        responses.response_id as source_id,
        {{ person_id_of(['contact_id', 'email']) }} as person_id,
        responses.responded_at as occurred_at,
        'survey_response' as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        'inbound' as direction,
        responses.score as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('feedback', 'survey_responses') }} as responses
    {{ join_persons('responses', ['contact_id', 'email'], 'responded_at') }}

),

reviews as (

    select
        'feedback.reviews' as source_table,
        reviews.review_id as source_id,
        {{ person_id_of(['contact_id', 'email']) }} as person_id,
        reviews.reviewed_at as occurred_at,
        'review' as event_type,
        cast(null as varchar) as channel,
        cast(null as varchar) as campaign,
        'inbound' as direction,
        reviews.rating as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('feedback', 'reviews') }} as reviews
    {{ join_persons('reviews', ['contact_id', 'email'], 'reviewed_at') }}

)

{% for part in parts %}
select {{ columns | join(', ') }}
from {{ part }}
{{ 'union all' if not loop.last }}
{%- endfor %}
