-- One row per opportunity. IsWon and IsClosed decide the status, never the name of the stage.
-- 000000000000000AAA is an empty lookup: read as an id it would merge many people into one person
with opportunities as (

    select
        Id as id,
        AccountId as account_id,
        ContactId as contact_id,
        RecordTypeId as record_type_id,
        StageName as stage_name,
        Type as type,
        Amount as amount,
        CurrencyIsoCode as currency_iso_code,
        IsWon as is_won,
        IsClosed as is_closed,
        CloseDate as close_date,
        LastStageChangeDate as last_stage_change_date,
        Loss_Reason__c as loss_reason__c,
        OwnerId as owner_id,
        CreatedDate as created_date,
        SystemModstamp as system_modstamp,
        IsDeleted as is_deleted
    from opportunity
    union all
    select
        id,
        account_id,
        contact_id,
        record_type_id,
        stage_name,
        type,
        amount,
        currency_iso_code,
        is_won,
        is_closed,
        close_date,
        last_stage_change_date,
        loss_reason__c,
        owner_id,
        created_date,
        system_modstamp,
        is_deleted
    from fivetran_opportunity
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

roles as (

    select
        Id as id,
        OpportunityId as opportunity_id,
        ContactId as contact_id,
        IsPrimary as is_primary,
        CreatedDate as created_date,
        IsDeleted as is_deleted
    from opportunity_contact_role
    union all
    select
        id,
        opportunity_id,
        contact_id,
        is_primary,
        created_date,
        is_deleted
    from fivetran_opportunity_contact_role
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

history as (

    select
        Id as id,
        OpportunityId as opportunity_id,
        StageName as stage_name,
        Amount as amount,
        CreatedDate as created_date,
        IsDeleted as is_deleted
    from opportunity_history
    union all
    select
        id,
        opportunity_id,
        stage_name,
        amount,
        created_date,
        is_deleted
    from fivetran_opportunity_history
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

contacts as (

    -- take the primary contact role, else the first: the contact lookup on the opportunity itself is nearly always empty
    select
        opportunity_id,
        arg_min(contact_id, (case when coalesce(lower(is_primary), '') in ('1', 'true') then 0 else 1 end, created_date, id)) as contact_id
    from roles
    where not coalesce(lower(is_deleted), '') in ('1', 'true') and case when contact_id not like '000000000000000%' then nullif(contact_id, '') end is not null
    group by opportunity_id

),

stages as (

    select
        opportunity_id,
        stage_name,
        created_date,
        lag(stage_name) over (partition by opportunity_id order by created_date, id) as stage_before
    from history
    union all
    select
        id,
        stage_name,
        _fivetran_start,
        lag(stage_name) over (partition by id order by _fivetran_start) as stage_before
    from fivetran_opportunity
    -- stage changes from history mode, if OpportunityHistory was not synced; the first version begins with the sync, not with the stage
    where id not in (select opportunity_id from history where opportunity_id is not null)
    qualify stage_before is not null

),

stage_changes as (

    select
        opportunity_id,
        max(created_date) as changed_at
    from stages
    where stage_before is distinct from stage_name
    group by opportunity_id

)

select
    opportunities.id as deal_id,
    coalesce(contacts.contact_id, case when opportunities.contact_id not like '000000000000000%' then nullif(opportunities.contact_id, '') end) as contact_id,
    case when opportunities.account_id not like '000000000000000%' then nullif(opportunities.account_id, '') end as company_id,
    case when opportunities.record_type_id not like '000000000000000%' then nullif(opportunities.record_type_id, '') end as pipeline,
    opportunities.stage_name as deal_stage,
    coalesce(deal_types.ours, nullif(opportunities.type, '')) as deal_type,
    opportunities.amount,
    coalesce(nullif(opportunities.currency_iso_code, ''), cast(getvariable('currency') as varchar)) as currency,
    case when coalesce(lower(opportunities.is_won), '') in ('1', 'true') then 'won' when coalesce(lower(opportunities.is_closed), '') in ('1', 'true') then 'lost' else 'open' end as status,
    opportunities.loss_reason__c as lost_reason,
    case when opportunities.owner_id not like '000000000000000%' then nullif(opportunities.owner_id, '') end as owner_id,
    opportunities.created_date as created_at,
    -- the time at which the closing stage was set; the close date is a forecast for open deals, and entered by hand for closed ones
    case
        when coalesce(lower(opportunities.is_closed), '') in ('1', 'true')
            then coalesce(nullif(opportunities.last_stage_change_date, ''), stage_changes.changed_at, left(opportunities.close_date, 10))
    end as closed_at,
    opportunities.system_modstamp as updated_at,
    case when coalesce(lower(opportunities.is_deleted), '') in ('1', 'true') then 'true' end as is_deleted
from opportunities
left join contacts on opportunities.id = contacts.opportunity_id
left join stage_changes on opportunities.id = stage_changes.opportunity_id
left join deal_types on lower(trim(opportunities.type)) = deal_types.theirs
