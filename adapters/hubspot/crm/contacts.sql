with merged as (
    select canonical_vid, string_agg(distinct vid_to_merge, ';' order by vid_to_merge) as contact_ids
    from contact_merge_audit
    group by canonical_vid
),

sources as (
    select
        "Record ID" as contact_id,
        "Email" as email,
        coalesce(filled("Phone Number"), filled("Mobile Phone Number")) as phone,
        filled(concat_ws(' ', filled("First Name"), filled("Last Name"))) as full_name,
        coalesce(filled("Primary Associated Company ID"), trim(split_part("Associated Company IDs", ';', 1))) as company_id,
        "Original Source" as lead_source,
        "Persona" as persona,
        "Job Title" as job_title,
        "Buying Role" as buying_role,
        "City" as city,
        "Country/Region" as country,
        -- the CSV has only the owner's name, no id
        null as owner_id,
        null as merged_contact_ids,
        local_time("Create Date", 'HubSpot''s CSV') as created_at,
        local_time("Last Modified Date", 'HubSpot''s CSV') as updated_at,
        null as is_deleted
    from contacts_export

    union all by name

    select
        id as contact_id,
        as_json(properties) ->> '$.email' as email,
        coalesce(filled(as_json(properties) ->> '$.phone'), filled(as_json(properties) ->> '$.mobilephone')) as phone,
        filled(concat_ws(' ', filled(as_json(properties) ->> '$.firstname'), filled(as_json(properties) ->> '$.lastname'))) as full_name,
        coalesce(filled(regexp_replace(as_json(properties) ->> '$.associatedcompanyid', '\.0$', '')), as_json(associations) ->> '$.companies.results[0].id', as_json(companies) ->> '$[0]') as company_id,
        as_json(properties) ->> '$.hs_analytics_source' as lead_source,
        as_json(properties) ->> '$.hs_persona' as persona,
        as_json(properties) ->> '$.jobtitle' as job_title,
        as_json(properties) ->> '$.hs_buying_role' as buying_role,
        as_json(properties) ->> '$.city' as city,
        as_json(properties) ->> '$.country' as country,
        regexp_replace(as_json(properties) ->> '$.hubspot_owner_id', '\.0$', '') as owner_id,
        -- contacts merged into this one have no record any more; their ids are listed here: `id:epoch;id:epoch` or `id;id`
        coalesce(filled(regexp_replace(as_json(properties) ->> '$.hs_calculated_merged_vids', ':\d+', '', 'g')), filled(as_json(properties) ->> '$.hs_merged_object_ids')) as merged_contact_ids,
        coalesce(filled(as_json(properties) ->> '$.createdate'), "createdAt") as created_at,
        coalesce(filled(as_json(properties) ->> '$.lastmodifieddate'), "updatedAt") as updated_at,
        archived as is_deleted
    from records
    -- API responses of different objects look alike: only contacts have these properties
    where json_exists(as_json(properties), '$.lastmodifieddate') or json_exists(as_json(properties), '$.email') or json_exists(as_json(properties), '$.firstname')

    union all by name

    select
        contact.id as contact_id,
        contact.property_email as email,
        coalesce(filled(contact.property_phone), filled(contact.property_mobilephone)) as phone,
        filled(concat_ws(' ', filled(contact.property_firstname), filled(contact.property_lastname))) as full_name,
        regexp_replace(contact.property_associatedcompanyid, '\.0$', '') as company_id,
        contact.property_hs_analytics_source as lead_source,
        contact.property_hs_persona as persona,
        contact.property_jobtitle as job_title,
        contact.property_hs_buying_role as buying_role,
        contact.property_city as city,
        contact.property_country as country,
        regexp_replace(contact.property_hubspot_owner_id, '\.0$', '') as owner_id,
        filled(concat_ws(
            ';', merged.contact_ids, filled(contact.property_hs_merged_object_ids), filled(regexp_replace(contact.property_hs_calculated_merged_vids, ':\d+', '', 'g'))
        )) as merged_contact_ids,
        utc_time(contact.property_createdate) as created_at,
        utc_time(coalesce(filled(contact.property_lastmodifieddate), contact._fivetran_synced)) as updated_at,
        contact._fivetran_deleted as is_deleted
    from contact
    left join merged on contact.id = merged.canonical_vid
)

select
    sources.* replace (
        -- OFFLINE (imported or entered by hand) is not an origin
        case when lead_source.theirs is null then sources.lead_source else filled(lead_source.ours) end as lead_source,
        read_time(sources.created_at, coalesce(getvariable('time_format'), '%m/%d/%Y %I:%M %p')) as created_at,
        read_time(sources.updated_at, coalesce(getvariable('time_format'), '%m/%d/%Y %I:%M %p')) as updated_at
    )
from sources
left join lead_source on lower(trim(sources.lead_source)) = lead_source.theirs
