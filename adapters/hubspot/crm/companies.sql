select
    "Record ID" as company_id,
    "Company name" as company_name,
    "Industry" as industry,
    "Number of Employees" as employee_count,
    "Country/Region" as country,
    read_time(local_time("Create Date", 'HubSpot''s CSV'), coalesce(getvariable('time_format'), '%m/%d/%Y %I:%M %p')) as created_at,
    null as updated_at,
    null as is_deleted
from companies_export

union all by name

select
    id as company_id,
    -- a company that HubSpot created from an e-mail address has a domain but no name yet
    coalesce(filled(as_json(properties) ->> '$.name'), as_json(properties) ->> '$.domain') as company_name,
    as_json(properties) ->> '$.industry' as industry,
    regexp_replace(as_json(properties) ->> '$.numberofemployees', '\.0$', '') as employee_count,
    as_json(properties) ->> '$.country' as country,
    coalesce(filled(as_json(properties) ->> '$.createdate'), "createdAt") as created_at,
    "updatedAt" as updated_at,
    archived as is_deleted
from records
where (json_exists(as_json(properties), '$.domain') or json_exists(as_json(properties), '$.name'))
    -- leave out contacts, which have these properties, and may have the company's domain or name in custom properties
    and not (json_exists(as_json(properties), '$.lastmodifieddate') or json_exists(as_json(properties), '$.email') or json_exists(as_json(properties), '$.firstname'))

union all by name

select
    id as company_id,
    property_name as company_name,
    property_industry as industry,
    regexp_replace(property_numberofemployees, '\.0$', '') as employee_count,
    property_country as country,
    utc_time(property_createdate) as created_at,
    utc_time(_fivetran_synced) as updated_at,
    coalesce(filled(is_deleted), _fivetran_deleted) as is_deleted
from company
