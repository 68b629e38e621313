with deal_states as (

    select
        changes.deal_id,
        changes.changed_at,
        changes.status = deals.status as is_final,
        max(case when changes.status <> deals.status then changes.changed_at end) over (partition by changes.deal_id) as reopened_at
    from {{ accepted('crm', 'deal_changes') }} as changes
    inner join {{ accepted('crm', 'deals') }} as deals on changes.deal_id = deals.deal_id
    where changes.status is not null and deals.status in ('won', 'lost')

),

{# when a deal was closed, for CRMs without closed_at: the first change to its present status, since it was last reopened #}
closings as (

    select
        deal_id,
        coalesce(
            min(case when is_final and (reopened_at is null or changed_at >= reopened_at) then changed_at end),
            max(case when is_final then changed_at end)
        ) as closed_at,
        {# a closed_at before this time belongs to an earlier closing, after which the deal was reopened #}
        max(reopened_at) as reopened_at
    from deal_states
    group by deal_id
    having bool_or(is_final)

),

subscription_changes as (

    select * from {{ ref('int_subscription_changes') }}

),

events as (

    select
        'crm.activities' as source_table,
        activities.activity_id as source_id,
        {{ person_key_of(['contact_id', 'email']) }} as person_key,
        activities.occurred_at as occurred_at,
        activities.activity_type as event_type,
        activities.channel as channel,
        coalesce(campaigns.spelling_shown, activities.campaign) as campaign,
        activities.direction as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'activities') }} as activities
    {{ join_persons('activities', ['contact_id', 'email'], 'occurred_at') }}
    {{ join_spelling('campaigns', 'campaign', 'activities.campaign') }}
    union all
    select
        'crm.contacts' as source_table,
        contacts.contact_id as source_id,
        {{ person_key_of(['contact_id']) }} as person_key,
        contacts.created_at as occurred_at,
        'contact_created' as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        cast(null as string) as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'contacts') }} as contacts
    {{ join_persons('contacts', ['contact_id'], 'created_at') }}
    union all
    select
        'web.events' as source_table,
        events.event_id as source_id,
        {{ person_key_of(['anonymous_id']) }} as person_key,
        events.occurred_at as occurred_at,
        'web_' || events.event_name as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        'inbound' as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('web', 'events') }} as events
    {{ join_persons('events', ['anonymous_id'], 'occurred_at') }}
    where events.event_name in ('signup', 'form_submitted', 'add_to_cart', 'checkout_started')
    union all
    select
        'marketing.email_events' as source_table,
        email_events.email_event_id as source_id,
        {{ person_key_of(['email']) }} as person_key,
        email_events.occurred_at as occurred_at,
        'email_' || email_events.event_type as event_type,
        cast(null as string) as channel,
        coalesce(campaigns.spelling_shown, email_events.campaign) as campaign,
        cast(null as string) as direction,
        cast(null as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('marketing', 'email_events') }} as email_events
    {{ join_persons('email_events', ['email'], 'occurred_at') }}
    {{ join_spelling('campaigns', 'campaign', 'email_events.campaign') }}
    {# opens and clicks by a machine, such as a virus scanner or privacy proxy, are no action of the person #}
    where not (email_events.event_type in ('opened', 'clicked') and coalesce(email_events.is_machine, false))
    union all
    select
        'crm.quotes' as source_table,
        quotes.quote_id as source_id,
        {{ person_key_of(['contact_id']) }} as person_key,
        quotes.quoted_at as occurred_at,
        'quote' as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        'outbound' as direction,
        cast({{ to_reporting_currency('quotes.amount') }} as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'quotes') }} as quotes
    {{ join_exchange_rates('quotes.currency', reporting_date('quotes.quoted_at')) }}
    {{ join_persons('quotes', ['contact_id'], 'quoted_at') }}
    left join {{ ref('int_internal_identifiers') }} as internal
        on {{ identifier_key("'contact_id'", 'quotes.contact_id') }} = internal.identifier
    where internal.identifier is null
    union all
    select
        'crm.deals' as source_table,
        deals.deal_id as source_id,
        {{ person_key_of(['contact_id']) }} as person_key,
        deals.created_at as occurred_at,
        {# nobody can say how long a deal was open that is closed without a closing time, so it is no opportunity #}
        case
            when deals.status = 'open' or coalesce(deals.closed_at, closings.closed_at) is not null then 'deal_created'
            else 'deal_recorded'
        end as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        cast(null as string) as direction,
        cast({{ to_reporting_currency('deals.amount') }} as decimal(18, 4)) as amount,
        case
            {# many CRMs store the expected closing date in open deals #}
            when deals.status = 'open' then cast(null as timestamp)
            when deals.closed_at < closings.reopened_at then closings.closed_at
            {# many CRMs know the day of a closing alone; a deal created on that day was not closed before #}
            when
                {{ is_whole_day('deals.closed_at') }}
                and {{ reporting_date('deals.closed_at') }} = {{ reporting_date('deals.created_at') }}
                then deals.created_at
            else coalesce(deals.closed_at, closings.closed_at)
        end as ended_at
    from {{ accepted('crm', 'deals') }} as deals
    left join closings on deals.deal_id = closings.deal_id
    {{ join_exchange_rates('deals.currency', reporting_date('deals.created_at')) }}
    {{ join_persons('deals', ['contact_id'], 'created_at') }}
    left join {{ ref('int_internal_identifiers') }} as internal
        on {{ identifier_key("'contact_id'", 'deals.contact_id') }} = internal.identifier
    where internal.identifier is null
    union all
    {# a subscription starts when payment starts, whatever the change_type of that row; a start at MRR 0 is a trial #}
    select
        'crm.subscription_changes' as source_table,
        change_id as source_id,
        person_key,
        changed_at as occurred_at,
        case when is_payment_start then 'subscription_started' else 'subscription_trial_started' end as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        cast(null as string) as direction,
        mrr_after as amount,
        ended_at
    from subscription_changes
    where is_payment_start or (change_type = 'started' and mrr_after = 0 and not was_paying)
    union all
    {# the first payment after a trial is not a renewal as well, and an end that is a change of plan is a switch, no cancellation #}
    select
        'crm.subscription_changes' as source_table,
        change_id as source_id,
        person_key,
        changed_at as occurred_at,
        case when is_switch then 'subscription_switched' else 'subscription_' || change_type end as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        cast(null as string) as direction,
        mrr_after as amount,
        ended_at
    from subscription_changes
    where change_type <> 'started' and not is_end_of_trial
    union all
    select
        'crm.loyalty_events' as source_table,
        loyalty_events.loyalty_event_id as source_id,
        {{ person_key_of(['contact_id']) }} as person_key,
        loyalty_events.occurred_at as occurred_at,
        'loyalty_' || loyalty_events.event_type as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        cast(null as string) as direction,
        cast(loyalty_events.points as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('crm', 'loyalty_events') }} as loyalty_events
    {{ join_persons('loyalty_events', ['contact_id'], 'occurred_at') }}
    union all
    select
        'crm.tickets' as source_table,
        tickets.ticket_id as source_id,
        {{ person_key_of(['contact_id', 'email']) }} as person_key,
        tickets.opened_at as occurred_at,
        'ticket' as event_type,
        tickets.channel as channel,
        cast(null as string) as campaign,
        'inbound' as direction,
        cast(null as decimal(18, 4)) as amount,
        tickets.resolved_at as ended_at
    from {{ accepted('crm', 'tickets') }} as tickets
    {{ join_persons('tickets', ['contact_id', 'email'], 'opened_at') }}
    union all
    select
        'feedback.survey_responses' as source_table,
        survey_responses.response_id as source_id,
        {{ person_key_of(['contact_id', 'email']) }} as person_key,
        survey_responses.responded_at as occurred_at,
        'survey_response' as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        'inbound' as direction,
        cast(survey_responses.score as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('feedback', 'survey_responses') }} as survey_responses
    {{ join_persons('survey_responses', ['contact_id', 'email'], 'responded_at') }}
    union all
    select
        'feedback.reviews' as source_table,
        reviews.review_id as source_id,
        {# a review that names nobody is that of its order's buyer #}
        coalesce(nullif({{ person_key_of(['contact_id', 'email']) }}, 0), orders.person_key, 0) as person_key,
        reviews.reviewed_at as occurred_at,
        'review' as event_type,
        cast(null as string) as channel,
        cast(null as string) as campaign,
        'inbound' as direction,
        cast(reviews.rating as decimal(18, 4)) as amount,
        cast(null as timestamp) as ended_at
    from {{ accepted('feedback', 'reviews') }} as reviews
    {{ join_persons('reviews', ['contact_id', 'email'], 'reviewed_at') }}
    {{ join_kept('kept_orders', 'orders.orders', 'reviews.order_id') }}
    left join {{ ref('int_order_persons') }} as orders on {{ kept_id('kept_orders', 'reviews.order_id') }} = orders.order_id

),

{# raw tables that name a person by identifier_type and identifier_value, or a referrer #}
identified as (

    select
        'marketing.social_interactions' as source_table,
        interaction_id as source_id,
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier,
        occurred_at,
        'social_' || interaction_type as event_type,
        case when platform = 'zalo' then 'zalo' end as channel,
        sentiment as amount,
        cast(null as string) as referred_identifier
    from {{ accepted('marketing', 'social_interactions') }} as social_interactions
    union all
    select
        'marketing.offline_visits' as source_table,
        visit_id as source_id,
        {{ identifier_key('identifier_type', 'identifier_value') }} as identifier,
        visited_at as occurred_at,
        'visit_' || place_type as event_type,
        cast(null as string) as channel,
        cast(null as decimal(18, 4)) as amount,
        cast(null as string) as referred_identifier
    from {{ accepted('marketing', 'offline_visits') }} as offline_visits
    union all
    select
        'crm.referrals' as source_table,
        referrals.referral_id as source_id,
        {{ identifier_key("'contact_id'", 'referrals.referrer_contact_id') }} as identifier,
        referrals.referred_at as occurred_at,
        'referral' as event_type,
        cast(null as string) as channel,
        cast(null as decimal(18, 4)) as amount,
        coalesce(
            {{ identifier_key("'contact_id'", 'referrals.referred_contact_id') }},
            {{ identifier_key("'email'", 'referrals.referred_email') }}
        ) as referred_identifier
    from {{ accepted('crm', 'referrals') }} as referrals
    left join {{ ref('int_internal_identifiers') }} as internal
        on {{ identifier_key("'contact_id'", 'referrals.referrer_contact_id') }} = internal.identifier
    where internal.identifier is null

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
left join {{ ref('int_person_identifiers') }} as referred on identified.referred_identifier = referred.identifier
{# who names his own second address refers nobody #}
where coalesce(person_identifiers.person_key <> referred.person_key, true)
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
