with changes as (
    select deal_id, value as stage_id, utc_time(date_entered) as changed_at
    from deal_stage

    union all

    -- the same history from the property history, if the table of stages is missing
    select deal_id, value as stage_id, utc_time(timestamp) as changed_at
    from deal_property_history
    where name = 'dealstage' and filled(value) is not null and deal_id not in (select deal_id from deal_stage where deal_id is not null)

    union all

    -- the latest entry of a deal into each stage, from properties named after the stage
    select
        records.id as deal_id,
        regexp_replace(keys.key, '^(hs_v2_date_entered_|hs_date_entered_)', '') as stage_id,
        as_json(records.properties) ->> ('$."' || keys.key || '"') as changed_at
    from records
    cross join unnest(json_keys(as_json(records.properties))) as keys (key)
    where (json_exists(as_json(records.properties), '$.dealstage') or json_exists(as_json(records.properties), '$.dealname'))
        and regexp_matches(keys.key, '^(hs_v2_date_entered_|hs_date_entered_)')
        -- leave out empty properties: the API returns one for each stage that the deal has not entered
        and filled(changed_at) is not null
    qualify row_number() over (partition by records.id, stage_id order by starts_with(keys.key, 'hs_v2_') desc) = 1
)

select
    changes.deal_id || '-' || changes.stage_id || '-' || changes.changed_at as change_id,
    changes.deal_id,
    coalesce(known_deal_stages.label, changes.stage_id) as deal_stage,
    case
        when known_deal_stages.is_won then 'won'
        when known_deal_stages.is_closed then 'lost'
        when known_deal_stages.stage_id is not null then 'open'
        else deal_status.ours
    end as status,
    changes.changed_at
from changes
left join known_deal_stages on changes.stage_id = known_deal_stages.stage_id
left join deal_status on lower(trim(changes.stage_id)) = deal_status.theirs
