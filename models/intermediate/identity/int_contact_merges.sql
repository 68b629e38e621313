{#- Some CRMs record a merge on the merged contact (merged_into_contact_id), others on the survivor (merged_contact_ids). -#}
with contacts as (

    select * from {{ accepted('crm', 'contacts') }}

),

listed as (

    select
        contact_id,
        coalesce(updated_at, created_at) as stated_at,
        {{ list_entries('merged_contact_ids') }} as merged_contact_id
    from contacts
    where merged_contact_ids is not null

),

statements as (

    select
        contact_id as merged_contact_id,
        merged_into_contact_id as surviving_contact_id,
        created_at as stated_at
    from contacts
    where merged_into_contact_id is not null
    union all
    select
        merged_contact_id,
        contact_id as surviving_contact_id,
        stated_at
    from listed

)

select
    merged_contact_id,
    surviving_contact_id,
    min(stated_at) as stated_at
from statements
where merged_contact_id <> surviving_contact_id
group by merged_contact_id, surviving_contact_id
