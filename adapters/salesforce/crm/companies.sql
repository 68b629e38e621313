-- One row per account; a person account is a consumer (b2c), not a company.
with accounts as (

    select
        Id as id,
        Name as name,
        Industry as industry,
        NumberOfEmployees as number_of_employees,
        BillingCountryCode as billing_country_code,
        BillingCountry as billing_country,
        IsPersonAccount as is_person_account,
        CreatedDate as created_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from account
    union all
    select
        id,
        name,
        industry,
        number_of_employees,
        billing_country_code,
        billing_country,
        is_person_account,
        created_date,
        system_modstamp,
        is_deleted
    from fivetran_account
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

)

select
    id as company_id,
    name as company_name,
    industry,
    number_of_employees as employee_count,
    case when coalesce(lower(is_person_account), '') in ('1', 'true') then 'b2c' else 'b2b' end as customer_type,
    coalesce(nullif(billing_country_code, ''), billing_country) as country,
    created_date as created_at,
    system_modstamp as updated_at,
    case when coalesce(lower(is_deleted), '') in ('1', 'true') then 'true' end as is_deleted
from accounts
