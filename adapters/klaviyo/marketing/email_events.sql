select
    event.id as email_event_id,
    person.email,
    -- Opens have the same properties as the sending. A flow can send a message to a person again: the cohort, `<second>:<id>`, separates the sendings.
    filled(concat_ws(
        '-',
        coalesce(filled(event.campaign_id), filled(event.flow_message_id)),
        filled(regexp_extract(event.property_cohort_message_send_cohort, '^[0-9]+:.*$'))
    )) as message_id,
    coalesce(campaign.name, flow.name) as campaign,
    email_event_type.ours as event_type,
    coalesce(filled(event.property_machine_open), event.property_apple_privacy_open) as is_machine,
    utc_time(event.datetime) as occurred_at,
    event._fivetran_deleted as is_deleted
from event
left join person on event.person_id = person.id
left join campaign on event.campaign_id = campaign.id
left join flow on event.flow_id = flow.id
left join metric on event.metric_id = metric.id
-- leave out the other metrics: SMS, the website, and the shop, which delivers its orders itself
inner join email_event_type on lower(trim(coalesce(filled(event.type), metric.name))) = email_event_type.theirs
-- leave out metrics of other integrations, which may have the same name
where coalesce(filled(metric.integration_name), 'Klaviyo') = 'Klaviyo'
    -- leave out profiles without an e-mail address: what was sent to them was not an e-mail
    and (person.id is null or filled(person.email) is not null)
