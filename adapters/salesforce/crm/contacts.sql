-- A person is first a lead and, after conversion, a contact. The lead's row is merged into the contact's, so that its history is kept.
-- 000000000000000AAA is an empty lookup: read as an id it would merge many people into one person
with all_contacts as (

    select
        Id as id,
        AccountId as account_id,
        FirstName as first_name,
        LastName as last_name,
        Name as name,
        Email as email,
        MobilePhone as mobile_phone,
        Phone as phone,
        Title as title,
        LeadSource as lead_source,
        MailingCity as mailing_city,
        MailingCountryCode as mailing_country_code,
        MailingCountry as mailing_country,
        OwnerId as owner_id,
        MasterRecordId as master_record_id,
        HasOptedOutOfEmail as has_opted_out_of_email,
        CreatedDate as created_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from contact
    union all
    select
        id,
        account_id,
        first_name,
        last_name,
        name,
        email,
        mobile_phone,
        phone,
        title,
        lead_source,
        mailing_city,
        mailing_country_code,
        mailing_country,
        owner_id,
        master_record_id,
        has_opted_out_of_email,
        created_date,
        system_modstamp,
        is_deleted
    from fivetran_contact
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

all_leads as (

    select
        Id as id,
        FirstName as first_name,
        LastName as last_name,
        Name as name,
        Email as email,
        MobilePhone as mobile_phone,
        Phone as phone,
        Title as title,
        LeadSource as lead_source,
        City as city,
        CountryCode as country_code,
        Country as country,
        OwnerId as owner_id,
        MasterRecordId as master_record_id,
        IsConverted as is_converted,
        ConvertedDate as converted_date,
        ConvertedContactId as converted_contact_id,
        ConvertedAccountId as converted_account_id,
        HasOptedOutOfEmail as has_opted_out_of_email,
        CreatedDate as created_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from lead
    union all
    select
        id,
        first_name,
        last_name,
        name,
        email,
        mobile_phone,
        phone,
        title,
        lead_source,
        city,
        country_code,
        country,
        owner_id,
        master_record_id,
        is_converted,
        converted_date,
        converted_contact_id,
        converted_account_id,
        has_opted_out_of_email,
        created_date,
        system_modstamp,
        is_deleted
    from fivetran_lead
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

)

select
    id as contact_id,
    email,
    coalesce(nullif(mobile_phone, ''), phone) as phone,
    coalesce(nullif(name, ''), nullif(concat_ws(' ', first_name, last_name), '')) as full_name,
    case when account_id not like '000000000000000%' then nullif(account_id, '') end as company_id,
    lead_source,
    title as job_title,
    mailing_city as city,
    coalesce(nullif(mailing_country_code, ''), mailing_country) as country,
    case when owner_id not like '000000000000000%' then nullif(owner_id, '') end as owner_id,
    case when master_record_id not like '000000000000000%' then nullif(master_record_id, '') end as merged_into_contact_id,
    created_date as created_at,
    system_modstamp as updated_at,
    -- a merged contact is deleted too, but names the surviving record
    case when coalesce(lower(is_deleted), '') in ('1', 'true') and case when master_record_id not like '000000000000000%' then nullif(master_record_id, '') end is null then 'true' end as is_deleted
from all_contacts
union all
select
    id,
    email,
    coalesce(nullif(mobile_phone, ''), phone),
    coalesce(nullif(name, ''), nullif(concat_ws(' ', first_name, last_name), '')),
    case when converted_account_id not like '000000000000000%' then nullif(converted_account_id, '') end,
    lead_source,
    title,
    city,
    coalesce(nullif(country_code, ''), country),
    case when owner_id not like '000000000000000%' then nullif(owner_id, '') end,
    coalesce(case when converted_contact_id not like '000000000000000%' then nullif(converted_contact_id, '') end, case when master_record_id not like '000000000000000%' then nullif(master_record_id, '') end),
    created_date,
    system_modstamp,
    case when coalesce(lower(is_deleted), '') in ('1', 'true') and coalesce(case when converted_contact_id not like '000000000000000%' then nullif(converted_contact_id, '') end, case when master_record_id not like '000000000000000%' then nullif(master_record_id, '') end) is null then 'true' end
from all_leads
