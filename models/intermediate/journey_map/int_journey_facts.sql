with events as (

    select
        events.*,
        {{ shown_event_type('events', 'texts') }} as event_type_shown
    from {{ ref('int_person_events') }} as events
    {{ join_shared_event_type('texts', 'events') }}

),

sessions as (

    select
        sessions.person_key,
        sessions.started_at as happened_at,
        sessions.carted_at,
        sessions.is_engaged,
        sessions.has_cart,
        facts.is_cart_abandoned
    from {{ ref('int_session_persons') }} as sessions
    inner join {{ ref('fct_sessions') }} as facts on sessions.session_id = facts.session_id
    where sessions.is_human

),

{# page events are placed by their own time, because a session may begin in one stage and end in the next #}
page_events as (

    select
        sessions.person_key,
        events.occurred_at,
        events.event_name,
        events.is_slow
    from {{ ref('int_session_events') }} as events
    inner join {{ ref('int_session_persons') }} as sessions
        on events.anonymous_id = sessions.anonymous_id
        and events.session_number = sessions.session_number
    where sessions.is_human and (events.event_name in ('product_view', 'search', 'form_error') or events.is_slow)

),

touchpoints as (

    select * from {{ ref('int_touchpoints') }}

),

conversions as (

    select
        conversions.*,
        persons.person_key
    from {{ ref('fct_conversions') }} as conversions
    inner join {{ ref('int_persons') }} as persons on conversions.person_id = persons.person_id

),

responses as (

    select
        responses.*,
        persons.person_key,
        responses.emotion_score + means.mix_shift as adjusted_score,
        {# the kinds ask different questions, so the map shows one: NPS about the brand, others about an occasion, if there are any #}
        rank() over (
            partition by responses.survey_type
            order by
                case
                    when responses.survey_kind = 'unknown' then 3
                    when responses.survey_kind = case responses.survey_type when 'nps' then 'relational' else 'transactional' end then 1
                    else 2
                end,
                {# of several other kinds, the first by name #}
                responses.survey_kind
        ) = 1 as is_of_main_kind,
        {# several names of one touchpoint in surveys are mapped to its type #}
        coalesce(survey_touchpoints.touchpoint_type, responses.touchpoint) as touchpoint_type
    from {{ ref('fct_survey_responses') }} as responses
    inner join {{ ref('int_persons') }} as persons on responses.person_id = persons.person_id
    left join {{ ref('int_survey_means') }} as means on responses.survey_type = means.survey_type
    left join {{ ref('survey_touchpoints') }} as survey_touchpoints on responses.touchpoint = survey_touchpoints.touchpoint

),

credits as (

    select
        touchpoints.person_key,
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
        orders.*,
        persons.person_key
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('int_persons') }} as persons on orders.person_id = persons.person_id

),

tickets as (

    select
        tickets.*,
        persons.person_key
    from {{ ref('fct_tickets') }} as tickets
    inner join {{ ref('int_persons') }} as persons on tickets.person_id = persons.person_id

),

{# the closing of a deal ends a stage; dated one second earlier, it counts in the stage that it ends #}
deals as (

    select
        persons.person_key,
        deals.closed_at,
        greatest(deals.created_at, {{ add_seconds('deals.closed_at', -1) }}) as before_closing,
        deals.status = 'won' as is_won,
        deals.lost_reason
    from {{ ref('fct_deals') }} as deals
    inner join {{ ref('int_persons') }} as persons on deals.person_id = persons.person_id
    where deals.closed_at is not null

),

renewals as (

    select
        events.person_key,
        not changes.is_payment_end as is_renewed,
        events.occurred_at,
        case
            when changes.is_payment_end then {{ add_seconds('events.occurred_at', -1) }}
            else events.occurred_at
        end as happened_at,
        coalesce(reasons.reason, 'unknown') as reason
    from events
    inner join {{ ref('int_subscription_changes') }} as changes on events.source_id = changes.change_id
    inner join {{ ref('fct_subscription_changes') }} as reasons on changes.change_id = reasons.change_id
    where
        (events.event_type = 'subscription_renewed' and changes.mrr_after > 0)
        {# neither the end of a subscription that was never paid, such as a trial, nor a change of plan is a missed renewal #}
        or (changes.is_payment_end and events.event_type <> 'subscription_switched')

),

quotes as (

    select
        persons.person_key,
        quotes.quoted_at,
        quotes.is_accepted
    from {{ ref('fct_quotes') }} as quotes
    inner join {{ ref('int_persons') }} as persons on quotes.person_id = persons.person_id
    where quotes.is_accepted is not null

),

refunds as (

    select
        orders.person_key,
        refunds.refunded_at,
        refunds.reason_shown as reason
    from {{ shown_texts(accepted('orders', 'refunds'), 'orders.refunds', ['reason']) }} as refunds
    inner join {{ ref('int_order_persons') }} as orders on refunds.order_id = orders.order_id

),

{# the click rate counts an e-mail in the stage of its delivery, even if the click comes in a later stage #}
messages as (

    select
        persons.person_key,
        messages.sent_at,
        messages.delivered_at,
        messages.clicked_at is not null as is_clicked
    from {{ ref('fct_messages') }} as messages
    inner join {{ ref('int_persons') }} as persons on messages.person_id = persons.person_id
    where messages.is_delivered

),

invitations as (

    select
        persons.person_key,
        invitations.sent_at,
        invitations.is_answered
    from {{ ref('fct_survey_invitations') }} as invitations
    inner join {{ ref('int_persons') }} as persons on invitations.person_id = persons.person_id

)

select {{ journey_fact('action', 'event_type_shown', at='occurred_at') }}
from events
where
    event_type not in (
        'contact_created', 'quote', 'deal_created', 'deal_recorded', 'deal_won', 'email_sent', 'email_delivered', 'email_bounced'
    )
    and coalesce(direction, 'inbound') = 'inbound'
union all
select {{ journey_fact('action', "'product_view'", at='occurred_at') }}
from page_events
where event_name = 'product_view'
union all
select {{ journey_fact('action', "'site_search'", at='occurred_at') }}
from page_events
where event_name = 'search'
union all
select {{ journey_fact('touchpoint', 'touchpoint_type', at='touched_at') }}
from touchpoints
union all
select {{ journey_fact('channel', 'channel', at='touched_at') }}
from touchpoints
union all
select {{ journey_fact('attributed', 'touchpoint_type', at='touched_at', first='credit') }}
from credits
union all
select {{ journey_fact('pain_point', "'ticket: ' || category", at='opened_at') }}
from tickets
union all
select {{ journey_fact('pain_point', "'slow_first_response'", at='opened_at') }}
from tickets
where not is_within_target
union all
select {{ journey_fact('pain_point', "'form_error'", at='occurred_at') }}
from page_events
where event_name = 'form_error'
union all
select {{ journey_fact('pain_point', "'slow_page'", at='occurred_at') }}
from page_events
where is_slow
union all
select {{ journey_fact('pain_point', "'abandoned_cart'", at='carted_at') }}
from sessions
where is_cart_abandoned
union all
select {{ journey_fact('pain_point', "'lost_deal: ' || lost_reason", at='before_closing') }}
from deals
where not is_won
union all
select {{ journey_fact('pain_point', "'refund: ' || coalesce(reason, 'unknown')", at='refunded_at') }}
from refunds
union all
select {{ journey_fact('pain_point', "'cancelled: ' || reason") }}
from renewals
where not is_renewed
union all
select {{ journey_fact('pain_point', "'low_score: ' || survey_type", at='responded_at') }}
from responses
where emotion_score < 0
union all
select {{ journey_fact('emotion', 'survey_type', at='responded_at', first='emotion_score', second='1') }}
from responses
where emotion_score is not null
union all
select {{ journey_fact('touchpoint_emotion', 'touchpoint_type', at='responded_at', first='adjusted_score', second='1') }}
from responses
where adjusted_score is not null
union all
select {{ journey_fact('kpi', "'engaged_session_rate'", first='is_engaged', second='1') }}
from sessions
union all
select
    {{ journey_fact(
        'kpi', "'cart_abandonment_rate'", at='carted_at', first='is_cart_abandoned', second='1', counted_at='happened_at'
    ) }}
from sessions
where has_cart
union all
select {{ journey_fact('kpi', "'email_click_rate'", at='delivered_at', first='is_clicked', second='1', counted_at='sent_at') }}
from messages
union all
select {{ journey_fact('kpi', "'win_rate'", at='before_closing', first='is_won', second='1', counted_at='closed_at') }}
from deals
union all
select {{ journey_fact('kpi', "'quote_acceptance_rate'", at='quoted_at', first='is_accepted', second='1') }}
from quotes
union all
select {{ journey_fact('kpi', "'repeat_purchase_rate'", at='ordered_at', first='is_repeat', second='1') }}
from orders
where is_conversion
union all
select {{ journey_fact('kpi', "'average_order_value'", at='ordered_at', first='net_revenue', second='1') }}
from orders
where is_conversion
union all
select {{ journey_fact('kpi', "'on_time_delivery_rate'", at='ordered_at', first='is_on_time', second='1') }}
from orders
where is_on_time is not null
union all
select {{ journey_fact('kpi', "'revenue_per_person'", at='converted_at', first='revenue') }}
from conversions
where revenue <> 0
union all
select
    {{ journey_fact(
        'kpi', "'nps'", at='responded_at', first="case nps_group when 'promoter' then 100 when 'detractor' then -100 else 0 end", second='1'
    ) }}
from responses
where survey_type = 'nps' and is_of_main_kind and is_latest_of_month
union all
select {{ journey_fact('kpi', "'csat'", at='responded_at', first='is_satisfied', second='1') }}
from responses
where survey_type = 'csat' and is_of_main_kind
union all
select {{ journey_fact('kpi', "'first_response_hours'", at='opened_at', first='first_response_hours', second='1') }}
from tickets
where first_response_hours is not null
union all
select {{ journey_fact('kpi', "'referrals_per_person'", at='occurred_at') }}
from events
where event_type = 'referral'
union all
select {{ journey_fact('kpi', "'meetings_per_person'", at='occurred_at') }}
from events
where event_type = 'meeting'
union all
select {{ journey_fact('kpi', "'review_rating'", at='occurred_at', first='amount', second='1') }}
from events
where event_type = 'review'
union all
select {{ journey_fact('kpi', "'survey_response_rate'", at='sent_at', first='is_answered', second='1') }}
from invitations
union all
select {{ journey_fact('kpi', "'renewal_rate'", first='is_renewed', second='1', counted_at='occurred_at') }}
from renewals
