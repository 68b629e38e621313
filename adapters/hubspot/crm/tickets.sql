with first_contacts as (
    select ticket_id, contact_id
    from ticket_contact
    qualify row_number() over (partition by ticket_id order by try_cast(contact_id as hugeint), contact_id) = 1
),

open_stages as (
    select stage_id from ticket_pipeline_stage where lower(is_closed) = 'false' or upper(ticket_state) = 'OPEN'

    union

    select coalesce(as_json(stage) ->> '$.id', as_json(stage) ->> '$.stageId') as stage_id
    from pipelines
    cross join unnest(json_list(stages)) as in_pipeline (stage)
    where as_json(stage) ->> '$.metadata.ticketState' = 'OPEN'
)

select
    ticket.id as ticket_id,
    first_contacts.contact_id,
    ticket.property_source_type as channel,
    ticket.property_hs_ticket_category as category,
    ticket.property_hs_ticket_priority as priority,
    utc_time(ticket.property_createdate) as opened_at,
    utc_time(ticket.property_first_agent_reply_date) as first_response_at,
    -- a reopened ticket keeps its earlier close date: ignore it
    case when ticket.property_hs_pipeline_stage not in (select stage_id from open_stages where stage_id is not null) then utc_time(ticket.property_closed_date) end as resolved_at,
    utc_time(ticket._fivetran_synced) as updated_at,
    coalesce(filled(ticket.is_deleted), ticket._fivetran_deleted) as is_deleted
from ticket
left join first_contacts on ticket.id = first_contacts.ticket_id

union all by name

select
    id as ticket_id,
    coalesce(as_json(associations) ->> '$.contacts.results[0].id', as_json(contacts) ->> '$[0]') as contact_id,
    as_json(properties) ->> '$.source_type' as channel,
    as_json(properties) ->> '$.hs_ticket_category' as category,
    as_json(properties) ->> '$.hs_ticket_priority' as priority,
    coalesce(filled(as_json(properties) ->> '$.createdate'), "createdAt") as opened_at,
    as_json(properties) ->> '$.first_agent_reply_date' as first_response_at,
    case when as_json(properties) ->> '$.hs_pipeline_stage' not in (select stage_id from open_stages where stage_id is not null) then as_json(properties) ->> '$.closed_date' end as resolved_at,
    "updatedAt" as updated_at,
    archived as is_deleted
from records
where json_exists(as_json(properties), '$.hs_pipeline_stage')
