-- Completed tasks, meetings, and responses to campaigns that are not events or seminars.
-- 000000000000000AAA is an empty lookup: read as an id it would merge many people into one person
with tasks as (

    select
        Id as id,
        WhoId as who_id,
        WhatId as what_id,
        ActivityDate as activity_date,
        CompletedDateTime as completed_date_time,
        Status as status,
        Type as type,
        TaskSubtype as task_subtype,
        CallType as call_type,
        CallDisposition as call_disposition,
        CreatedDate as created_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from task
    union all
    select
        id,
        who_id,
        what_id,
        activity_date,
        completed_date_time,
        status,
        type,
        task_subtype,
        call_type,
        call_disposition,
        created_date,
        system_modstamp,
        is_deleted
    from fivetran_task
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

events as (

    select
        Id as id,
        WhoId as who_id,
        WhatId as what_id,
        ActivityDateTime as activity_date_time,
        ActivityDate as activity_date,
        IsChild as is_child,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from event
    union all
    select
        id,
        who_id,
        what_id,
        activity_date_time,
        activity_date,
        is_child,
        system_modstamp,
        is_deleted
    from fivetran_event
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

members as (

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
    id as activity_id,
    who_id as contact_id,
    case
        when task_subtype = 'Call' or lower(type) = 'call' or nullif(call_type, '') is not null then 'call'
        when task_subtype in ('Email', 'ListEmail') or lower(type) = 'email' then 'email'
        else coalesce(nullif(lower(trim(type)), ''), 'task')
    end as activity_type,
    case
        when lower(call_type) = 'inbound' then 'inbound'
        when lower(call_type) = 'outbound' or task_subtype in ('Email', 'ListEmail') or lower(type) = 'email' then 'outbound'
    end as direction,
    coalesce(nullif(completed_date_time, ''), left(activity_date, 10), created_date) as occurred_at,
    null as campaign,
    case when what_id like '006%' then what_id end as deal_id,
    call_disposition as outcome,
    system_modstamp as updated_at,
    case when coalesce(lower(is_deleted), '') in ('1', 'true') then 'true' end as is_deleted
from tasks
-- leave out open tasks, and tasks without a person, such as those of an account
where lower(status) in ('completed', 'closed') and case when who_id not like '000000000000000%' then nullif(who_id, '') end is not null
union all
select
    id,
    who_id,
    'meeting',
    null,
    coalesce(nullif(activity_date_time, ''), left(activity_date, 10)),
    null,
    case when what_id like '006%' then what_id end,
    null,
    system_modstamp,
    case when coalesce(lower(is_deleted), '') in ('1', 'true') then 'true' end
from events
-- leave out the copies of a meeting that Salesforce makes for each invited colleague
where not coalesce(lower(is_child), '') in ('1', 'true') and case when who_id not like '000000000000000%' then nullif(who_id, '') end is not null
union all
select
    members.id,
    coalesce(case when members.contact_id not like '000000000000000%' then nullif(members.contact_id, '') end, case when members.lead_id not like '000000000000000%' then nullif(members.lead_id, '') end),
    'form_submission',
    'inbound',
    left(members.first_responded_date, 10),
    campaigns.name,
    null,
    null,
    members.system_modstamp,
    case when coalesce(lower(members.is_deleted), '') in ('1', 'true') then 'true' end
from members
left join campaigns on members.campaign_id = campaigns.id
left join campaign_places on lower(trim(campaigns.type)) = campaign_places.theirs
-- leave out members who did not respond; attendance at events is in marketing/offline_visits
where coalesce(lower(members.has_responded), '') in ('1', 'true') and campaign_places.ours is null
