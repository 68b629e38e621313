with email_events as (

    select * from {{ ref('int_email_messages') }}

),

{# the recipient is the owner of the address at the first event of the message, also if it has changed hands by a later one #}
addressed as (

    select
        message,
        email,
        min(occurred_at) as first_at
    from email_events
    group by message, email

),

received as (

    select
        addressed.message,
        addressed.email,
        {{ person_key_of(['email']) }} as person_key
    from addressed
    {{ join_persons('addressed', ['email'], 'first_at') }}

),

{# the same message to two addresses of a person counts once #}
recipients as (

    select
        received.message,
        received.email,
        persons.person_id,
        case when persons.person_key = 0 then received.email else persons.person_id end as recipient
    from received
    inner join {{ ref('int_persons') }} as persons on received.person_key = persons.person_key

),

messages as (

    select
        recipients.message,
        recipients.recipient,
        max(recipients.person_id) as person_id,
        min(email_events.campaign) as campaign,
        min(email_events.occurred_at) as first_at,
        min(case when email_events.event_type = 'sent' then email_events.occurred_at end) as told_sent_at,
        min(case when email_events.event_type = 'delivered' then email_events.occurred_at end) as told_delivered_at,
        min(case when email_events.event_by = 'opened' then email_events.occurred_at end) as opened_at,
        min(case when email_events.event_by = 'machine_opened' then email_events.occurred_at end) as machine_opened_at,
        min(case when email_events.event_by = 'clicked' then email_events.occurred_at end) as clicked_at,
        min(case when email_events.event_type = 'bounced' then email_events.occurred_at end) as bounced_at,
        max(case when email_events.event_type = 'bounced' then email_events.occurred_at end) as last_bounced_at,
        min(case when email_events.event_type = 'unsubscribed' then email_events.occurred_at end) as unsubscribed_at,
        min(case when email_events.event_type = 'complained' then email_events.occurred_at end) as complained_at,
        {# events that only a delivered message can have #}
        min(case when email_events.event_type not in ('sent', 'bounced') then email_events.occurred_at end) as arrived_at,
        max(case when email_events.event_type not in ('sent', 'bounced') then email_events.occurred_at end) as last_arrived_at
    from recipients
    inner join email_events
        on recipients.message = email_events.message
        and recipients.email = email_events.email
    group by recipients.message, recipients.recipient

),

{#
    Some providers send no delivered events. In a campaign without any, messages that did not bounce count as delivered. The window
    spans all recipients of the campaign, not one person.
-#}
campaigns as (

    select
        *,
        bool_or(told_delivered_at is not null) over (partition by campaign) as is_delivery_told
    from messages

),

judged as (

    select
        *,
        {# a retry may deliver after a bounce, and the next server may bounce after a delivery: the later event counts #}
        coalesce(
            last_arrived_at > last_bounced_at,
            last_arrived_at is not null or (not is_delivery_told and last_bounced_at is null)
        ) as is_delivered
    from campaigns

)

select
    {{ keyed_hash(["'message'", 'message', 'recipient']) }} as message_id,
    person_id,
    coalesce(campaign, '(none)') as campaign,
    coalesce(told_sent_at, first_at) as sent_at,
    {{ reporting_date('coalesce(told_sent_at, first_at)') }} as sent_date,
    coalesce(told_delivered_at, arrived_at, case when is_delivered then coalesce(told_sent_at, first_at) end) as delivered_at,
    is_delivered,
    opened_at,
    machine_opened_at,
    clicked_at,
    bounced_at,
    bounced_at is not null and not is_delivered as is_bounced,
    unsubscribed_at,
    complained_at
from judged
{{ in_order_of('person_id, sent_at, message_id') }}
