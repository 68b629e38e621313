select
    event.id as email_event_id,
    person.email,
    -- The opens of a message carry what its sending does. A message of a flow goes to the same person again: the cohort, `<second>:<id>`, tells the times apart.
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
-- the other metrics are of SMS, of the site and of the shop, whose orders come from the shop itself
inner join email_event_type on lower(trim(coalesce(filled(event.type), metric.name))) = email_event_type.theirs
-- another tool's metric may have the same name
where coalesce(filled(metric.integration_name), 'Klaviyo') = 'Klaviyo'
    -- who has no address was not written to by e-mail
    and (person.id is null or filled(person.email) is not null)
