-- One row per campaign member who attended an event or seminar.
with members as (

    select
        Id as id,
        CampaignId as campaign_id,
        LeadId as lead_id,
        ContactId as contact_id,
        HasResponded as has_responded,
        FirstRespondedDate as first_responded_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from campaign_member
    union all
    select
        id,
        campaign_id,
        lead_id,
        contact_id,
        has_responded,
        first_responded_date,
        system_modstamp,
        is_deleted
    from fivetran_campaign_member
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

campaigns as (

    select
        Id as id,
        Name as name,
        Type as type
    from campaign
    union all
    select
        id,
        name,
        type
    from fivetran_campaign
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

)

select
    members.id as visit_id,
    'contact_id' as identifier_type,
    coalesce(case when members.contact_id not like '000000000000000%' then nullif(members.contact_id, '') end, case when members.lead_id not like '000000000000000%' then nullif(members.lead_id, '') end) as identifier_value,
    campaign_places.ours as place_type,
    left(members.first_responded_date, 10) as visited_at,
    members.system_modstamp as updated_at,
    case when coalesce(lower(members.is_deleted), '') in ('1', 'true') then 'true' end as is_deleted
from members
inner join campaigns on members.campaign_id = campaigns.id
inner join campaign_places on lower(trim(campaigns.type)) = campaign_places.theirs
where coalesce(lower(members.has_responded), '') in ('1', 'true')
