select
    email_event.id as email_event_id,
    email_event.recipient as email,
    -- the id of the sending event identifies the message
    coalesce(filled(email_event.sent_by_id), case when email_event.type = 'SENT' then email_event.id end) as message_id,
    email_campaign.name as campaign,
    coalesce(email_event_type.ours, case when status.id is not null then 'unsubscribed' end, email_event.type) as event_type,
    email_event.filtered_event as is_machine,
    utc_time(email_event.created) as occurred_at
from email_event
left join email_campaign on email_event.email_campaign_id = email_campaign.id
left join email_event_type on lower(email_event.type) = email_event_type.theirs
left join (select distinct id from email_event_status_change where portal_subscription_status = 'UNSUBSCRIBED') as status on email_event.id = status.id
-- leave out events that the contract lacks: steps before sending, prints, forwards, and subscription changes that are no unsubscribe
where upper(email_event.type) not in ('PROCESSED', 'DROPPED', 'DEFERRED', 'PRINT', 'FORWARD', 'STATUSCHANGE')
    or status.id is not null
