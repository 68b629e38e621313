with sources as (
    select
        id as contact_id,
        "Email" as email,
        "Name" as full_name,
        null as phone,
        null as city,
        null as country,
        utc_time(coalesce(filled("Created (UTC)"), "Created date (UTC)")) as created_at,
        null as updated_at,
        null as is_deleted
    from customers_export

    union all by name

    select
        id as contact_id,
        email,
        name as full_name,
        phone,
        as_json(address) ->> '$.city' as city,
        as_json(address) ->> '$.country' as country,
        epoch_time(created) as created_at,
        epoch_time(updated) as updated_at,
        deleted as is_deleted
    from customers_json
    -- leave out customers of the test mode
    where coalesce(lower(livemode), 'true') = 'true'

    union all by name

    select
        id as contact_id,
        email,
        name as full_name,
        phone,
        address_city as city,
        address_country as country,
        utc_time(created) as created_at,
        utc_time(_fivetran_synced) as updated_at,
        is_deleted
    from customer
    where coalesce(lower(livemode), 'true') = 'true'
),

firsts as (
    select contact_id, first_value(contact_id) over (partition by lower(trim(email)) order by created_at, contact_id) as first_contact_id
    from sources
    where filled(email) is not null
    qualify row_number() over (partition by contact_id order by updated_at desc nulls last, lower(trim(email))) = 1
)

select
    sources.*,
    -- Each guest checkout creates a new customer: without this merge, identity resolution would block the e-mail at a buyer's seventh one.
    case when firsts.first_contact_id <> sources.contact_id and coalesce(getvariable('same_email_is_one_customer'), '') not in ('no', 'false') then firsts.first_contact_id end
        as merged_into_contact_id
from sources
left join firsts on sources.contact_id = firsts.contact_id
