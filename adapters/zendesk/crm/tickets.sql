-- One row per ticket of a customer.
with tickets as (

    select
        id,
        requester_id,
        via_channel,
        type,
        priority,
        status,
        created_at,
        updated_at
    from ticket
    union all
    select
        id,
        requester_id,
        try(via ->> '$.channel'),
        type,
        priority,
        status,
        created_at,
        updated_at
    from api_tickets

),

merged as (

    -- tickets merged into another one were closed by the merge: marked as deleted, otherwise they would count as the fastest resolutions
    select distinct unnest(regexp_extract_all(merged_ticket_ids, '\d+')) as id
    from ticket

),

people as (

    -- deduplicate, because the table may be delivered twice
    select
        id,
        max(lower(role)) as role,
        max(nullif(email, '')) as email,
        max(nullif(external_id, '')) as external_id
    from users
    where id is not null
    group by id

),

agents as (

    select id
    from people
    where role in ('agent', 'admin')

),

answers as (

    -- leave out internal notes and comments by the customer, which are no responses
    select
        ticket_id,
        min(coalesce(created, created_at)) as answered_at
    from ticket_comment
    where lower(public) in ('true', '1') and user_id in (select id from agents)
    group by ticket_id

),

last_statuses as (

    -- not the change to closed, which Zendesk makes automatically days after solved
    select
        ticket_id,
        arg_max(value, updated) as status,
        max(updated) as changed_at
    from ticket_field_history
    where field_name = 'status' and lower(value) <> 'closed'
    group by ticket_id

)

select
    tickets.id as ticket_id,
    -- the customer's id in your own system; Zendesk's own id is unknown to other sources
    coalesce(people.external_id, case when people.email is null then tickets.requester_id end) as contact_id,
    people.email,
    coalesce(channels.ours, lower(tickets.via_channel)) as channel,
    tickets.type as category,
    tickets.priority,
    tickets.created_at as opened_at,
    case when answers.answered_at >= tickets.created_at then answers.answered_at end as first_response_at,
    -- a reopened ticket is not resolved
    case when lower(last_statuses.status) = 'solved' then last_statuses.changed_at end as resolved_at,
    tickets.updated_at,
    case when lower(tickets.status) = 'deleted' or merged.id is not null then 'true' end as is_deleted
from tickets
left join people on tickets.requester_id = people.id
left join merged on tickets.id = merged.id
left join answers on tickets.id = answers.ticket_id
left join last_statuses on tickets.id = last_statuses.ticket_id
left join channels on lower(tickets.via_channel) = channels.theirs
-- leave out tickets of agents
where tickets.requester_id not in (select id from agents)
