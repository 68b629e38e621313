with events as (
    -- recipients have no sending time: use that of the campaign
    select campaign_recipient.campaign_id as message_id, campaign_recipient.member_id, 'sent' as action, campaign.send_time as timestamp
    from campaign_recipient
    left join campaign on campaign_recipient.campaign_id = campaign.id

    union all by name

    select campaign_id as message_id, member_id, action, timestamp, ip, url
    from campaign_recipient_activity

    union all by name

    select automation_email_id as message_id, member_id, action, timestamp, ip, url
    from automation_recipient_activity

    union all by name

    select campaign_id as message_id, member_id, 'unsubscribe' as action, timestamp
    from unsubscribe
),

-- the e-mail of a member, who may be in several audiences
addresses as (
    select id, max(email_address) as email
    from member
    group by id
)

select
    md5(concat_ws('|', events.message_id, events.member_id, events.action, events.timestamp, events.url)) as email_event_id,
    addresses.email,
    events.message_id,
    -- the campaign's name, because several campaigns can share a subject
    campaign.title as campaign,
    coalesce(email_event_type.ours, events.action) as event_type,
    case
        when lower(events.action) = 'open' and filled(events.ip) is not null
            then case when regexp_matches(events.ip, getvariable('machine_ips')) then 'true' else 'false' end
    end as is_machine,
    utc_time(events.timestamp) as occurred_at
from events
left join addresses on events.member_id = addresses.id
left join campaign on events.message_id = campaign.id
left join email_event_type on lower(trim(events.action)) = email_event_type.theirs
