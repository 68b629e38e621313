-- One row per person who has opted out of e-mail. Salesforce has no time of the opt-out, so the row's last change is used.
with all_contacts as (

    select
        Id as id,
        HasOptedOutOfEmail as has_opted_out_of_email,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from contact
    union all
    select
        id,
        has_opted_out_of_email,
        system_modstamp,
        is_deleted
    from fivetran_contact
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

all_leads as (

    select
        Id as id,
        HasOptedOutOfEmail as has_opted_out_of_email,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from lead
    union all
    select
        id,
        has_opted_out_of_email,
        system_modstamp,
        is_deleted
    from fivetran_lead
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

)

select
    id || '-email' as consent_id,
    'contact_id' as identifier_type,
    id as identifier_value,
    'email_marketing' as purpose,
    'withdrawn' as status,
    system_modstamp as changed_at,
    system_modstamp as updated_at
from (from all_contacts union all from all_leads)
where coalesce(lower(has_opted_out_of_email), '') in ('1', 'true')
