{#-
    What each table tells: `first` and `second` are the fact's two numbers, 1 and 0 unless told. Of a KPI they are numerator and
    denominator, of an emotion its sum and its answers.
-#}
{%- set facts = [
    {
        'type': 'action', 'of': 'events', 'item': 'event_type', 'at': 'occurred_at',
        'where': "event_type not in ('contact_created', 'quote', 'deal_created', 'deal_won', 'email_sent', 'email_delivered', 'email_bounced')"
            ~ " and coalesce(direction, 'inbound') = 'inbound'",
    },
    {'type': 'action', 'of': 'sessions', 'item': "'product_view'", 'first': 'product_view_count', 'where': 'product_view_count > 0'},
    {'type': 'action', 'of': 'sessions', 'item': "'site_search'", 'first': 'search_count', 'where': 'search_count > 0'},

    {'type': 'touchpoint', 'of': 'touchpoints', 'item': 'touchpoint_type', 'at': 'touched_at'},
    {'type': 'channel', 'of': 'touchpoints', 'item': 'channel', 'at': 'touched_at'},
    {'type': 'attributed', 'of': 'credits', 'item': 'touchpoint_type', 'at': 'touched_at', 'first': 'credit'},

    {'type': 'pain_point', 'of': 'tickets', 'item': "'ticket: ' || coalesce(category, 'unknown')", 'at': 'opened_at'},
    {'type': 'pain_point', 'of': 'tickets', 'item': "'slow_first_response'", 'at': 'opened_at', 'where': 'is_slow'},
    {'type': 'pain_point', 'of': 'sessions', 'item': "'form_error'", 'first': 'form_error_count', 'where': 'form_error_count > 0'},
    {'type': 'pain_point', 'of': 'sessions', 'item': "'slow_page'", 'first': 'slow_page_count', 'where': 'slow_page_count > 0'},
    {'type': 'pain_point', 'of': 'sessions', 'item': "'abandoned_cart'", 'at': 'carted_at', 'where': 'has_cart and not has_order'},
    {
        'type': 'pain_point', 'of': 'deals', 'item': "'lost_deal: ' || coalesce(lost_reason, 'unknown')", 'at': 'before_closing',
        'where': "status = 'lost'",
    },
    {'type': 'pain_point', 'of': 'refunds', 'item': "'refund: ' || coalesce(reason, 'unknown')", 'at': 'refunded_at'},
    {'type': 'pain_point', 'of': 'renewals', 'item': "'cancelled: ' || coalesce(reason, 'unknown')", 'where': 'not is_renewed'},
    {'type': 'pain_point', 'of': 'responses', 'item': "'low_score: ' || survey_type", 'at': 'responded_at', 'where': 'emotion_score < 0'},

    {
        'type': 'emotion', 'of': 'responses', 'item': "'all'", 'at': 'responded_at', 'first': 'emotion_score', 'second': '1',
        'where': 'emotion_score is not null',
    },
    {
        'type': 'touchpoint_emotion', 'of': 'responses', 'item': 'touchpoint', 'at': 'responded_at', 'first': 'emotion_score',
        'second': '1', 'where': 'emotion_score is not null',
    },

    {'type': 'kpi', 'item': "'engaged_session_rate'", 'of': 'sessions', 'first': 'is_engaged', 'second': '1'},
    {
        'type': 'kpi', 'item': "'cart_abandonment_rate'", 'of': 'sessions', 'at': 'carted_at', 'first': 'not has_order', 'second': '1',
        'where': 'has_cart',
    },
    {
        'type': 'kpi', 'item': "'email_click_rate'", 'of': 'mailings', 'at': 'delivered_at', 'first': 'is_clicked', 'second': '1',
        'where': 'delivered_at is not null',
    },
    {'type': 'kpi', 'item': "'win_rate'", 'of': 'deals', 'at': 'occurred_at', 'first': "status = 'won'", 'second': '1'},
    {'type': 'kpi', 'item': "'quote_acceptance_rate'", 'of': 'quotes', 'at': 'occurred_at', 'first': "status = 'accepted'", 'second': '1'},
    {'type': 'kpi', 'item': "'repeat_purchase_rate'", 'of': 'orders', 'at': 'ordered_at', 'first': 'order_number > 1', 'second': '1'},
    {'type': 'kpi', 'item': "'average_order_value'", 'of': 'orders', 'at': 'ordered_at', 'first': 'net_revenue', 'second': '1'},
    {
        'type': 'kpi', 'item': "'on_time_delivery_rate'", 'of': 'orders', 'at': 'ordered_at',
        'first': 'delivered_at <= promised_delivery_at', 'second': '1',
        'where': 'promised_delivery_at is not null and delivered_at is not null',
    },
    {'type': 'kpi', 'item': "'revenue_per_person'", 'of': 'conversions', 'at': 'converted_at', 'first': 'revenue', 'where': 'revenue <> 0'},
    {
        'type': 'kpi', 'item': "'nps'", 'of': 'responses', 'at': 'responded_at',
        'first': "case nps_group when 'promoter' then 100 when 'detractor' then -100 else 0 end", 'second': '1',
        'where': "survey_type = 'nps'",
    },
    {
        'type': 'kpi', 'item': "'csat'", 'of': 'responses', 'at': 'responded_at', 'first': 'score >= scale_max - 1', 'second': '1',
        'where': "survey_type = 'csat'",
    },
    {
        'type': 'kpi', 'item': "'first_response_hours'", 'of': 'tickets', 'at': 'opened_at', 'first': 'first_response_hours', 'second': '1',
        'where': 'first_response_hours >= 0',
    },
    {'type': 'kpi', 'item': "'referrals_per_person'", 'of': 'events', 'at': 'occurred_at', 'where': "event_type = 'referral'"},
    {'type': 'kpi', 'item': "'meetings_per_person'", 'of': 'events', 'at': 'occurred_at', 'where': "event_type = 'meeting'"},
    {
        'type': 'kpi', 'item': "'review_rating'", 'of': 'events', 'at': 'occurred_at', 'first': 'amount', 'second': '1',
        'where': "event_type = 'review'",
    },
    {'type': 'kpi', 'item': "'survey_response_rate'", 'of': 'invitations', 'at': 'sent_at', 'first': 'is_answered', 'second': '1'},
    {'type': 'kpi', 'item': "'renewal_rate'", 'of': 'renewals', 'first': 'is_renewed', 'second': '1'},
] -%}

with events as (

    select
        person_events.*,
        persons.person_id
    from {{ ref('int_person_events') }} as person_events
    inner join {{ ref('int_persons') }} as persons on person_events.person_key = persons.person_key

),

sessions as (

    select
        session_persons.*,
        session_persons.started_at as happened_at,
        persons.person_id
    from {{ ref('int_session_persons') }} as session_persons
    inner join {{ ref('int_persons') }} as persons on session_persons.person_key = persons.person_key
    where session_persons.is_human

),

touchpoints as (

    select
        all_touchpoints.*,
        persons.person_id
    from {{ ref('int_touchpoints') }} as all_touchpoints
    inner join {{ ref('int_persons') }} as persons on all_touchpoints.person_key = persons.person_key

),

conversions as (

    select * from {{ ref('fct_conversions') }}

),

responses as (

    select * from {{ ref('fct_survey_responses') }}

),

credits as (

    select
        touchpoints.person_id,
        touchpoints.touched_at,
        touchpoints.touchpoint_type,
        attribution.credit
    from {{ ref('fct_attribution') }} as attribution
    inner join conversions on attribution.conversion_id = conversions.conversion_id
    inner join {{ ref('conversion_types') }} as types on conversions.conversion_type = types.conversion_type
    inner join touchpoints on attribution.touchpoint_id = touchpoints.touchpoint_id
    where
        attribution.attribution_model = '{{ setting('journey_map_attribution_model') }}'
        and types.has_revenue

),

orders as (

    select
        order_persons.*,
        persons.person_id,
        row_number() over (partition by persons.person_id order by order_persons.ordered_at, order_persons.order_id) as order_number
    from {{ ref('int_order_persons') }} as order_persons
    inner join {{ ref('int_persons') }} as persons on order_persons.person_key = persons.person_key
    where order_persons.is_conversion

),

tickets as (

    select
        events.person_id,
        tickets.opened_at,
        tickets.category,
        {{ hours_between('tickets.opened_at', 'tickets.first_response_at') }} as first_response_hours,
        {# as long as nobody has answered, the wait is from then to now #}
        {{ hours_between('tickets.opened_at', 'coalesce(tickets.first_response_at, ' ~ as_of() ~ ')') }}
        > {{ setting('first_response_hours') }} as is_slow
    from events
    inner join {{ accepted('crm', 'tickets') }} as tickets on events.source_id = tickets.ticket_id
    where events.event_type = 'ticket'

),

{# what ends a stage belongs to the stage that it ends: a second before #}
deals as (

    select
        events.person_id,
        events.occurred_at,
        greatest(events.occurred_at, {{ add_seconds('events.ended_at', -1) }}) as before_closing,
        deals.status,
        deals.lost_reason
    from events
    inner join {{ accepted('crm', 'deals') }} as deals on events.source_id = deals.deal_id
    where
        events.event_type = 'deal_created'
        and events.ended_at is not null
        and deals.status in ('won', 'lost')

),

renewals as (

    select
        events.person_id,
        events.event_type = 'subscription_renewed' as is_renewed,
        case
            when events.event_type = 'subscription_renewed' then events.occurred_at
            else {{ add_seconds('events.occurred_at', -1) }}
        end as happened_at,
        changes.reason
    from events
    inner join {{ accepted('crm', 'subscription_changes') }} as changes on events.source_id = changes.change_id
    where events.event_type in ('subscription_renewed', 'subscription_cancelled')

),

quotes as (

    select
        events.person_id,
        events.occurred_at,
        quotes.status
    from events
    inner join {{ accepted('crm', 'quotes') }} as quotes on events.source_id = quotes.quote_id
    where events.event_type = 'quote' and quotes.status in ('accepted', 'declined', 'rejected', 'expired')

),

refunds as (

    select
        persons.person_id,
        refunds.refunded_at,
        refunds.reason
    from {{ accepted('orders', 'refunds') }} as refunds
    inner join {{ ref('int_order_persons') }} as orders on refunds.order_id = orders.order_id
    inner join {{ ref('int_persons') }} as persons on orders.person_key = persons.person_key

),

{# a mailing is clicked once, however often, and counts where it was delivered: a click in the next stage is no click of that stage #}
mailings as (

    select
        events.person_id,
        coalesce(messages.message_id, messages.campaign) as mailing,
        min(case when events.event_type = 'email_delivered' then events.occurred_at end) as delivered_at,
        bool_or(events.event_type = 'email_clicked') as is_clicked
    from events
    inner join {{ accepted('marketing', 'email_events') }} as messages on events.source_id = messages.email_event_id
    where events.event_type in ('email_delivered', 'email_clicked')
    group by events.person_id, coalesce(messages.message_id, messages.campaign)

),

answers as (

    select distinct invitation_id
    from responses
    where invitation_id is not null

),

invitations as (

    select
        invitations.person_id,
        invitations.sent_at,
        answers.invitation_id is not null as is_answered
    from {{ ref('fct_survey_invitations') }} as invitations
    left join answers on invitations.invitation_id = answers.invitation_id

)

{% for fact in facts %}
select
    person_id,
    {{ fact.at or 'happened_at' }} as happened_at,
    '{{ fact.type }}' as fact_type,
    {{ fact.item }} as item,
    cast({{ fact.first or 1 }} as decimal(28, 12)) as first_number,
    cast({{ fact.second or 0 }} as decimal(28, 12)) as second_number
from {{ fact.of }}
{%- if fact.where %}
where {{ fact.where }}
{%- endif %}
{{ 'union all' if not loop.last }}
{% endfor %}
