with email_events as (

    select
        events.email_event_id,
        events.email,
        events.message_id,
        coalesce(campaigns.spelling_shown, events.campaign) as campaign,
        {{ lower_case('events.campaign') }} as campaign_key,
        events.event_type,
        case when events.is_machine then 'machine_' else '' end || events.event_type as event_by,
        events.occurred_at
    from {{ accepted('marketing', 'email_events') }} as events
    {{ join_spelling('campaigns', 'campaign', 'events.campaign') }}
    where events.event_type in ('sent', 'delivered', 'opened', 'clicked', 'bounced', 'unsubscribed', 'complained')

),

{# is_sending marks the events that may start a message: sent or, for an address and campaign without sent events, delivered #}
without_id as (

    select
        *,
        {{ reporting_date('occurred_at') }} as occurred_date,
        event_type = case
            when bool_or(event_type = 'sent') over mailing then 'sent'
            else 'delivered'
        end as is_sending
    from email_events
    where message_id is null
    window mailing as (partition by email, campaign_key)

),

{# each sending of a recurring campaign is a message of its own; two sent events with the same timestamp are one sending #}
message_starts as (

    select
        *,
        is_sending and not coalesce(
            lag(occurred_at) over (partition by email, campaign_key, is_sending order by occurred_at, email_event_id) = occurred_at,
            false
        ) as is_message_start
    from without_id

),

sent as (

    select
        *,
        max(case when is_message_start then occurred_date end) over in_order_of_time as sent_date,
        sum(case when is_message_start then 1 else 0 end) over in_order_of_time as sending_number
    from message_starts
    window in_order_of_time as (
        partition by email, campaign_key
        order by occurred_at, case when is_message_start then 0 else 1 end, email_event_id
        rows between unbounded preceding and current row
    )

),

{#
    the key of a message: campaign, day and number of the sending within the day. A number over the whole campaign would differ between
    recipients of one sending who subscribed at different times
#}
message_keys as (

    select
        email_event_id,
        concat_ws(
            ':',
            {# without a campaign, each address has messages of its own #}
            coalesce('campaign:' || campaign_key, 'address:' || email),
            case when sent_date is null then 'seen' else 'sent' end,
            cast(coalesce(sent_date, occurred_date) as string),
            cast(sending_number - min(sending_number) over (partition by email, campaign_key, sent_date) as string)
        ) as message
    from sent

)

select
    email_events.email_event_id,
    email_events.email,
    email_events.campaign,
    email_events.event_type,
    email_events.event_by,
    email_events.occurred_at,
    coalesce('message:' || email_events.message_id, message_keys.message) as message
from email_events
left join message_keys on email_events.email_event_id = message_keys.email_event_id
