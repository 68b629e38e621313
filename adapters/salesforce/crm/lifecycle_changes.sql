-- Salesforce has no lifecycle stages. The changes are: creation of a lead, changes of its status in LeadHistory, and its conversion.
with leads as (

    select
        Id as id,
        IsConverted as is_converted,
        ConvertedDate as converted_date,
        ConvertedContactId as converted_contact_id,
        CreatedDate as created_date,
        IsDeleted as is_deleted
    from lead
    union all
    select
        id,
        is_converted,
        converted_date,
        converted_contact_id,
        created_date,
        is_deleted
    from fivetran_lead
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

lead_changes as (

    select
        Id as id,
        LeadId as lead_id,
        Field as field,
        NewValue as new_value,
        CreatedDate as created_date,
        CreatedById as created_by_id,
        IsDeleted as is_deleted
    from lead_history
    union all
    select
        id,
        lead_id,
        field,
        new_value,
        created_date,
        created_by_id,
        is_deleted
    from fivetran_lead_history

)

select
    id || '-created' as change_id,
    id as contact_id,
    'lead' as stage,
    created_date as changed_at,
    null as changed_by,
    case when coalesce(lower(is_deleted), '') in ('1', 'true') and case when converted_contact_id not like '000000000000000%' then nullif(converted_contact_id, '') end is null then 'true' end as is_deleted
from leads
union all
select
    id,
    lead_id,
    new_value,
    created_date,
    created_by_id,
    case when coalesce(lower(is_deleted), '') in ('1', 'true') then 'true' end
from lead_changes
where field = 'Status'
union all
select
    id || '-converted',
    id,
    'converted',
    -- a date without a time zone
    left(converted_date, 10),
    null,
    null
from leads
where coalesce(lower(is_converted), '') in ('1', 'true')
