with api_contacts as (
    select id as contact_id, as_json(properties) as properties, coalesce(filled(as_json(properties) ->> '$.createdate'), "createdAt") as created_at
    from records
    where json_exists(as_json(properties), '$.lastmodifieddate') or json_exists(as_json(properties), '$.email') or json_exists(as_json(properties), '$.firstname')
),

-- the latest entry of a contact into each stage, from properties named after the stage
api_entries as (
    select
        api_contacts.contact_id,
        regexp_replace(regexp_replace(keys.key, '^(hs_v2_date_entered_|hs_date_entered_|hs_lifecyclestage_)', ''), '_date$', '') as stage,
        as_json(api_contacts.properties) ->> ('$."' || keys.key || '"') as changed_at
    from api_contacts
    cross join unnest(json_keys(as_json(api_contacts.properties))) as keys (key)
    where regexp_matches(keys.key, '^(hs_v2_date_entered_.+|hs_date_entered_.+|hs_lifecyclestage_.+_date)$')
    -- if a stage has both the old and the new property, use the new one
    qualify row_number() over (
        partition by api_contacts.contact_id, stage
        order by filled(changed_at) is null, starts_with(keys.key, 'hs_v2_') desc, keys.key
    ) = 1
),

export_entries as (
    unpivot (
        select
            "Record ID" as contact_id,
            "Became a Subscriber Date" as subscriber,
            "Became a Lead Date" as lead,
            "Became a Marketing Qualified Lead Date" as marketingqualifiedlead,
            "Became a Sales Qualified Lead Date" as salesqualifiedlead,
            "Became an Opportunity Date" as opportunity,
            "Became a Customer Date" as customer,
            "Became an Evangelist Date" as evangelist,
            "Became an Other Lifecycle Date" as other
        from contacts_export
    )
    on columns(* exclude (contact_id))
    into name stage value changed_at
),

entries as (
    select contact_id, stage, changed_at, null as changed_by
    from api_entries
    where filled(changed_at) is not null

    union all

    select contact_id, stage, local_time(changed_at, 'HubSpot''s CSV') as changed_at, null as changed_by
    from export_entries
    where filled(changed_at) is not null

    union all

    select contact_id, value as stage, utc_time(timestamp) as changed_at, source as changed_by
    from contact_property_history
    -- leave out empty values: a cleared stage is no change to a stage
    where name = 'lifecyclestage' and filled(value) is not null
),

-- the current stage, for which some exports have no date; of several exports of a contact use the last one
present as (
    select contact_id, as_json(properties) ->> '$.lifecyclestage' as stage, created_at
    from api_contacts

    union all

    (
        select "Record ID" as contact_id, "Lifecycle Stage" as stage, local_time("Create Date", 'HubSpot''s CSV') as created_at
        from contacts_export
        qualify row_number() over (partition by "Record ID" order by "Last Modified Date" desc nulls last, _file desc, _row desc) = 1
    )

    union all

    select id as contact_id, property_lifecyclestage as stage, utc_time(property_createdate) as created_at
    from contact
),

changes as (
    select contact_id || '-' || stage || '-' || changed_at as change_id, contact_id, stage, changed_at, changed_by
    from entries

    union all

    -- contacts without any dated change get their current stage from their creation on, which may be too early
    select contact_id || '-present' as change_id, contact_id, stage, created_at as changed_at, null as changed_by
    from present
    where filled(stage) is not null and contact_id not in (select contact_id from entries where contact_id is not null)
)

select
    change_id,
    contact_id,
    stage,
    read_time(changed_at, coalesce(getvariable('time_format'), '%m/%d/%Y %I:%M %p')) as changed_at,
    changed_by
from changes
