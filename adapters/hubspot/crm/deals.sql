with pipeline_names as (
    select pipeline_id, label from deal_pipeline
    union all
    select coalesce(id, "pipelineId") as pipeline_id, label from pipelines
),

-- a deal has several contacts and companies: take the primary company (type 5), else the first
deal_contacts as (
    select deal_id, contact_id
    from deal_contact
    qualify row_number() over (partition by deal_id order by try_cast(contact_id as hugeint), contact_id) = 1
),

deal_companies as (
    select deal_id, company_id
    from deal_company
    qualify row_number() over (partition by deal_id order by type_id = '5' desc, try_cast(company_id as hugeint), company_id) = 1
),

winners as (
    select merged_deal_id, max(deal_id) as deal_id
    from merged_deal
    group by merged_deal_id
),

stage_entries as (
    select deal_id, value as stage_id, max(utc_time(date_entered)) as entered_at
    from deal_stage
    group by deal_id, value
),

sources as (
    select
        "Record ID" as deal_id,
        trim(split_part("Associated Contact IDs", ';', 1)) as contact_id,
        trim(split_part("Associated Company IDs", ';', 1)) as company_id,
        "Pipeline" as pipeline,
        -- "Closed Won (Sales Pipeline)"
        case
            when filled("Pipeline") is null then regexp_replace("Deal Stage", ' \([^()]*\)$', '')
            when ends_with("Deal Stage", ' (' || "Pipeline" || ')') then left("Deal Stage", length("Deal Stage") - length("Pipeline") - 3)
            else "Deal Stage"
        end as stage_id,
        lower("Is Closed Won") in ('true', 'yes') or try_cast("Deal probability" as double) = 1 as flagged_won,
        coalesce(lower("Is Deal Closed?") in ('true', 'yes'), try_cast("Deal probability" as double) in (0, 1)) as flagged_closed,
        "Deal Type" as deal_type,
        "Amount" as amount,
        "Currency" as currency,
        "Closed Lost Reason" as lost_reason,
        null as owner_id,
        local_time("Create Date", 'HubSpot''s CSV') as created_at,
        local_time(coalesce(filled("Date entered current stage"), "Close Date"), 'HubSpot''s CSV') as closed_at,
        local_time("Last Modified Date", 'HubSpot''s CSV') as updated_at,
        null as is_deleted
    from deals_export

    union all by name

    select
        id as deal_id,
        coalesce(as_json(associations) ->> '$.contacts.results[0].id', as_json(contacts) ->> '$[0]') as contact_id,
        coalesce(as_json(associations) ->> '$.companies.results[0].id', as_json(companies) ->> '$[0]') as company_id,
        as_json(properties) ->> '$.pipeline' as pipeline,
        as_json(properties) ->> '$.dealstage' as stage_id,
        as_json(properties) ->> '$.hs_is_closed_won' = 'true' as flagged_won,
        as_json(properties) ->> '$.hs_is_closed' = 'true' as flagged_closed,
        as_json(properties) ->> '$.dealtype' as deal_type,
        as_json(properties) ->> '$.amount' as amount,
        as_json(properties) ->> '$.deal_currency_code' as currency,
        as_json(properties) ->> '$.closed_lost_reason' as lost_reason,
        regexp_replace(as_json(properties) ->> '$.hubspot_owner_id', '\.0$', '') as owner_id,
        coalesce(filled(as_json(properties) ->> '$.createdate'), "createdAt") as created_at,
        coalesce(
            filled(as_json(properties) ->> ('$."hs_v2_date_entered_' || (as_json(properties) ->> '$.dealstage') || '"')),
            filled(as_json(properties) ->> ('$."hs_date_entered_' || (as_json(properties) ->> '$.dealstage') || '"')),
            as_json(properties) ->> '$.closedate'
        ) as closed_at,
        coalesce(filled(as_json(properties) ->> '$.hs_lastmodifieddate'), "updatedAt") as updated_at,
        archived as is_deleted
    from records
    where json_exists(as_json(properties), '$.dealstage') or json_exists(as_json(properties), '$.dealname')

    union all by name

    select
        deal.deal_id,
        deal_contacts.contact_id,
        deal_companies.company_id,
        deal.deal_pipeline_id as pipeline,
        deal.deal_pipeline_stage_id as stage_id,
        null as flagged_won,
        null as flagged_closed,
        deal.property_dealtype as deal_type,
        deal.property_amount as amount,
        deal.property_deal_currency_code as currency,
        deal.property_closed_lost_reason as lost_reason,
        deal.owner_id,
        utc_time(deal.property_createdate) as created_at,
        coalesce(stage_entries.entered_at, utc_time(deal.property_closedate)) as closed_at,
        utc_time(deal._fivetran_synced) as updated_at,
        -- a deal merged into another one is deleted, otherwise its amount would be counted twice
        case
            when winners.deal_id is not null then 'true'
            else coalesce(filled(deal.is_deleted), deal._fivetran_deleted)
        end as is_deleted
    from deal
    left join winners on deal.deal_id = winners.merged_deal_id
    left join deal_contacts on coalesce(winners.deal_id, deal.deal_id) = deal_contacts.deal_id
    left join deal_companies on coalesce(winners.deal_id, deal.deal_id) = deal_companies.deal_id
    left join stage_entries on deal.deal_id = stage_entries.deal_id and deal.deal_pipeline_stage_id = stage_entries.stage_id
),

judged as (
    select
        sources.*,
        coalesce(known_deal_stages.label, sources.stage_id) as deal_stage,
        case
            -- The pipeline's metadata of the stage decides: a stage named Closed Lost may be open, and a deal that is moved back keeps its won
            -- flag. Without metadata use the deal's flags, then the names of HubSpot's standard stages (known_deal_stages).
            when known_deal_stages.is_won then 'won'
            when known_deal_stages.is_closed then 'lost'
            when known_deal_stages.stage_id is not null then 'open'
            when sources.flagged_won then 'won'
            when sources.flagged_closed then 'lost'
            when sources.flagged_closed is not null then 'open'
            when list_contains(string_split(lower(getvariable('won_stages')), ';'), lower(trim(sources.stage_id))) then 'won'
            when list_contains(string_split(lower(getvariable('lost_stages')), ';'), lower(trim(sources.stage_id))) then 'lost'
            when list_contains(string_split(lower(getvariable('open_stages')), ';'), lower(trim(sources.stage_id))) then 'open'
            else coalesce(deal_status.ours, sources.stage_id)
        end as status
    from sources
    left join known_deal_stages on sources.stage_id = known_deal_stages.stage_id
    left join deal_status on lower(trim(sources.stage_id)) = deal_status.theirs
)

select
    judged.deal_id,
    judged.contact_id,
    judged.company_id,
    coalesce(pipeline_names.label, judged.pipeline) as pipeline,
    judged.deal_stage,
    coalesce(deal_type.ours, judged.deal_type) as deal_type,
    judged.amount,
    judged.currency,
    judged.status,
    judged.lost_reason,
    judged.owner_id,
    read_time(judged.created_at, coalesce(getvariable('time_format'), '%m/%d/%Y %I:%M %p')) as created_at,
    -- the close date of an open deal is a forecast
    case when judged.status <> 'open' then read_time(judged.closed_at, coalesce(getvariable('time_format'), '%m/%d/%Y %I:%M %p')) end as closed_at,
    read_time(judged.updated_at, coalesce(getvariable('time_format'), '%m/%d/%Y %I:%M %p')) as updated_at,
    judged.is_deleted
from judged
left join pipeline_names on judged.pipeline = pipeline_names.pipeline_id
left join deal_type on lower(trim(judged.deal_type)) = deal_type.theirs
