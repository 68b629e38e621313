-- sqlfluff:exclude_rules:layout.indent,aliasing.self_alias.column,structure.column_order,references.consistent
{# The line above: joins that a loop writes or leaves out are indented for the reader of this file, not of what it renders. #}
{#- What each raw table tells of a person: expressions over the row, where they are not null. `money` is an amount with its currency. -#}
{%- set told = [
    {
        'source': 'crm', 'table': 'activities', 'id': 'activity_id', 'persons': ['contact_id', 'email'], 'at': 'occurred_at',
        'event_type': 'told.activity_type', 'channel': 'told.channel', 'campaign': 'told.campaign', 'direction': 'told.direction',
    },
    {
        'source': 'crm', 'table': 'contacts', 'id': 'contact_id', 'persons': ['contact_id'], 'at': 'created_at',
        'event_type': "'contact_created'",
    },
    {
        'source': 'web', 'table': 'events', 'id': 'event_id', 'persons': ['anonymous_id'], 'at': 'occurred_at',
        'event_type': "'web_' || told.event_name", 'direction': "'inbound'",
        'where': "told.event_name in ('signup', 'form_submitted', 'add_to_cart', 'checkout_started')",
    },
    {
        'source': 'marketing', 'table': 'email_events', 'id': 'email_event_id', 'persons': ['email'], 'at': 'occurred_at',
        'event_type': "'email_' || told.event_type", 'campaign': 'told.campaign',
        'where': "not (told.event_type = 'opened' and coalesce(told.is_machine, false))",
    },
    {
        'source': 'crm', 'table': 'quotes', 'id': 'quote_id', 'persons': ['contact_id'], 'at': 'quoted_at',
        'event_type': "'quote'", 'direction': "'outbound'", 'money': 'told.amount',
    },
    {
        'source': 'crm', 'table': 'deals', 'id': 'deal_id', 'persons': ['contact_id'], 'at': 'created_at',
        'event_type': "'deal_created'", 'money': 'told.amount', 'ended_at': 'coalesce(told.closed_at, closings.closed_at)',
        'join': 'left join closings on told.deal_id = closings.deal_id',
    },
    {
        'source': 'crm', 'table': 'subscription_changes', 'id': 'change_id', 'persons': ['contact_id'], 'at': 'changed_at',
        'event_type': "'subscription_' || told.change_type", 'money': 'told.mrr',
        'ended_at': "min(case when told.change_type = 'cancelled' then told.changed_at end) over later_changes",
        'window': 'later_changes as (
            partition by told.subscription_id
            order by told.changed_at, told.change_id
            rows between 1 following and unbounded following
        )',
    },
    {
        'source': 'crm', 'table': 'loyalty_events', 'id': 'loyalty_event_id', 'persons': ['contact_id'], 'at': 'occurred_at',
        'event_type': "'loyalty_' || told.event_type", 'amount': 'told.points',
    },
    {
        'source': 'crm', 'table': 'tickets', 'id': 'ticket_id', 'persons': ['contact_id', 'email'], 'at': 'opened_at',
        'event_type': "'ticket'", 'channel': 'told.channel', 'direction': "'inbound'", 'ended_at': 'told.resolved_at',
    },
    {
        'source': 'feedback', 'table': 'survey_responses', 'id': 'response_id', 'persons': ['contact_id', 'email'],
        'at': 'responded_at', 'event_type': "'survey_response'", 'direction': "'inbound'", 'amount': 'told.score',
    },
    {
        'source': 'feedback', 'table': 'reviews', 'id': 'review_id', 'persons': ['contact_id', 'email'], 'at': 'reviewed_at',
        'event_type': "'review'", 'direction': "'inbound'", 'amount': 'told.rating',
    },
] -%}
{%- set nothing = 'cast(null as string)' -%}

{# a CRM that keeps no closed_at still tells by its changes when a deal took the status it has now #}
with closings as (

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

events as (

    {%- for part in told %}
    select
        '{{ part.source }}.{{ part.table }}' as source_table,
        told.{{ part.id }} as source_id,
        {{ person_key_of(part.persons) }} as person_key,
        told.{{ part.at }} as occurred_at,
        {{ part.event_type }} as event_type,
        {{ part.channel or nothing }} as channel,
        {{ part.campaign or nothing }} as campaign,
        {{ part.direction or nothing }} as direction,
        cast({{ to_reporting_currency(part.money) if part.money else (part.amount or 'null') }} as decimal(18, 4)) as amount,
        {{ part.ended_at or 'cast(null as timestamp)' }} as ended_at
    from {{ accepted(part.source, part.table) }} as told
    {%- if part.join %}
    {{ part.join }}
    {%- endif %}
    {%- if part.money %}
    {{ join_exchange_rates('told.currency', reporting_date('told.' ~ part.at)) }}
    {%- endif %}
    {{ join_persons('told', part.persons, part.at) }}
    {%- if part.where %}
    where {{ part.where }}
    {%- endif %}
    {%- if part.window %}
    window {{ part.window }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

{# rows that name a person by an identifier of any type #}
identified as (

    select
        'marketing.social_interactions' as source_table,
        interaction_id as source_id,
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier,
        occurred_at,
        'social_' || interaction_type as event_type,
        case when platform = 'zalo' then 'zalo' end as channel,
        sentiment as amount
    from {{ accepted('marketing', 'social_interactions') }} as social_interactions
    union all
    select
        'marketing.offline_visits' as source_table,
        visit_id as source_id,
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier,
        visited_at as occurred_at,
        'visit_' || place_type as event_type,
        cast(null as string) as channel,
        cast(null as decimal(18, 4)) as amount
    from {{ accepted('marketing', 'offline_visits') }} as offline_visits
    union all
    select
        'crm.referrals' as source_table,
        referral_id as source_id,
        {{ identifier_key("'contact_id'", 'referrer_contact_id') }} as identifier,
        referred_at as occurred_at,
        'referral' as event_type,
        cast(null as string) as channel,
        cast(null as decimal(18, 4)) as amount
    from {{ accepted('crm', 'referrals') }} as referrals

)

select * from events
union all
select
    identified.source_table,
    identified.source_id,
    coalesce(person_identifiers.person_key, 0) as person_key,
    identified.occurred_at,
    identified.event_type,
    identified.channel,
    cast(null as string) as campaign,
    'inbound' as direction,
    identified.amount,
    cast(null as timestamp) as ended_at
from identified
{{ join_former_identifier('former', 'identified.identifier', 'identified.occurred_at') }}
left join {{ ref('int_person_identifiers') }} as person_identifiers
    on person_identifiers.identifier = coalesce(former.contact_identifier, identified.identifier)
union all
select
    events.source_table,
    events.source_id,
    events.person_key,
    events.ended_at as occurred_at,
    'deal_won' as event_type,
    events.channel,
    events.campaign,
    events.direction,
    events.amount,
    cast(null as timestamp) as ended_at
from events
inner join {{ accepted('crm', 'deals') }} as deals on events.source_id = deals.deal_id
where
    events.event_type = 'deal_created'
    and deals.status = 'won'
    and events.ended_at is not null
union all
select
    'orders.orders' as source_table,
    order_id as source_id,
    person_key,
    ordered_at as occurred_at,
    'order' as event_type,
    cast(null as string) as channel,
    cast(null as string) as campaign,
    'inbound' as direction,
    net_revenue as amount,
    cast(null as timestamp) as ended_at
from {{ ref('int_order_persons') }}
where is_conversion
