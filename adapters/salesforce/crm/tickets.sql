-- One row per case. Salesforce has no standard column for the first response.
with all_cases as (

    select
        Id as id,
        ContactId as contact_id,
        SuppliedEmail as supplied_email,
        Origin as origin,
        Type as type,
        Reason as reason,
        Priority as priority,
        CreatedDate as created_date,
        ClosedDate as closed_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from cases
    union all
    select
        id,
        contact_id,
        supplied_email,
        origin,
        type,
        reason,
        priority,
        created_date,
        closed_date,
        system_modstamp,
        is_deleted
    from fivetran_case
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

)

select
    id as ticket_id,
    case when contact_id not like '000000000000000%' then nullif(contact_id, '') end as contact_id,
    supplied_email as email,
    lower(origin) as channel,
    coalesce(nullif(type, ''), reason) as category,
    lower(priority) as priority,
    created_date as opened_at,
    closed_date as resolved_at,
    system_modstamp as updated_at,
    case when coalesce(lower(is_deleted), '') in ('1', 'true') then 'true' end as is_deleted
from all_cases
-- leave out cases without a person
where case when contact_id not like '000000000000000%' then nullif(contact_id, '') end is not null or nullif(supplied_email, '') is not null
