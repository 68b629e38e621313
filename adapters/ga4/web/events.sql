-- One row per event. GA4 events have no id, their parameters are a list of key and value, and each one repeats the user's FIRST source
-- (traffic_source), which is never read.
with daily as (

    select distinct event_date
    from events
    where not contains(lower(_file), 'intraday')

),

parsed as (

    select
        event_name,
        user_pseudo_id,
        event_bundle_sequence_id,
        batch_page_id,
        batch_ordering_id,
        batch_event_index,
        event_params,
        items,
        _file,
        _row,
        try_cast(event_timestamp as bigint) as microseconds,
        event_timestamp,
        try(from_json(
            event_params,
            '[{"key": "VARCHAR", "value": {"string_value": "VARCHAR", "int_value": "VARCHAR", "float_value": "VARCHAR", "double_value": "VARCHAR"}}]'
        )) as parameters,
        try(collected_traffic_source ->> '$.manual_source') as manual_source,
        try(collected_traffic_source ->> '$.manual_medium') as manual_medium,
        try(collected_traffic_source ->> '$.manual_campaign_name') as manual_campaign,
        try(collected_traffic_source ->> '$.manual_content') as manual_content,
        try(collected_traffic_source ->> '$.manual_term') as manual_term,
        try(collected_traffic_source ->> '$.gclid') as collected_gclid,
        try(device ->> '$.category') as device_type,
        try(ecommerce ->> '$.transaction_id') as transaction_id,
        try(items ->> '$[0].item_id') as first_item_id
    from events
    where
        -- leave out events without consent: they have no browser id, so they cannot be assigned to a session
        nullif(trim(user_pseudo_id), '') is not null
        -- leave out the intraday table of days that have a daily table, which has the same events
        and (not contains(lower(_file), 'intraday') or event_date is null or event_date not in (select event_date from daily where event_date is not null))

),

named as (

    select
        *,
        map_from_entries(list_distinct(list_transform(
            list_filter(parameters, lambda p: p.key in (
                'page_location', 'page_referrer', 'source', 'medium', 'campaign', 'content', 'term', 'gclid', 'ga_session_id', 'engagement_time_msec',
                'content_group', 'transaction_id'
            ) and p = list_filter(parameters, lambda other: other.key = p.key)[1]),
            lambda p: struct_pack(
                k := p.key,
                v := coalesce(p.value.string_value, p.value.int_value, p.value.float_value, p.value.double_value)
            )
        ))) as parameter,
        -- these four only say that a visit or a page continues; as the first event after a pause they would start a session without a source
        coalesce(event_name, '') not in ('session_start', 'first_visit', 'user_engagement', 'scroll') as is_kept
    from parsed

),

counted as (

    select
        *,
        try_cast(parameter['engagement_time_msec'] as double) as engaged,
        count(*) filter (where is_kept) over (
            partition by user_pseudo_id, parameter['ga_session_id']
            order by microseconds, try_cast(batch_ordering_id as bigint), try_cast(batch_event_index as bigint), is_kept desc, event_name, _file, _row
            rows between unbounded preceding and current row
        ) as kept_before
    from named

),

engaged as (

    -- engagement time of an event that is left out is added to the event before it
    select
        *,
        sum(engaged) over (partition by user_pseudo_id, parameter['ga_session_id'], kept_before) as engaged_until_next
    from counted

),

identified as (

    select
        *,
        md5(concat_ws(
            '|', user_pseudo_id, event_timestamp, event_name, coalesce(event_bundle_sequence_id, ''), coalesce(batch_page_id, ''),
            coalesce(batch_ordering_id, ''), coalesce(batch_event_index, ''),
            -- exports before mid-2024 lack the position in the batch: the parameters then distinguish events
            case when batch_event_index is null then concat_ws('|', coalesce(event_params, ''), coalesce(items, '')) else '' end
        )) as fingerprint,
        parameter['page_location'] as page,
        nullif(coalesce(nullif(collected_gclid, ''), parameter['gclid']), '') as gclid,
        coalesce(nullif(manual_medium, ''), parameter['medium']) as medium,
        nullif(manual_source, '') is not null or coalesce(parameter['medium'], '(none)') not in ('organic', 'referral', '(none)', '(not set)') as has_tags
    from engaged
    where is_kept

),

twins as (

    select
        *,
        row_number() over (partition by fingerprint, _file order by _row) as twin
    from identified

)

select
    -- equal rows of one file are separate events if they lack the position in the batch; with it, they are exact duplicates
    fingerprint || case when batch_event_index is null and twin > 1 then '-' || twin else '' end as event_id,
    user_pseudo_id as anonymous_id,
    coalesce(epoch_time(event_timestamp), event_timestamp) as occurred_at,
    coalesce(event_names.ours, twins.event_name) as event_name,
    -- Google's click id marks a paid click; GA4 keeps it even if the page has dropped it from its URL
    case
        when gclid is not null and not contains(coalesce(page, ''), 'gclid=')
            then coalesce(page, '/') || case when contains(coalesce(page, ''), '?') then '&' else '?' end || 'gclid=' || gclid
        else page
    end as page_url,
    parameter['page_referrer'] as referrer_url,
    -- leave out mediums that GA4 derived from the referrer (organic, referral, direct): channel rules classify the referrer themselves
    case
        when has_tags and not (gclid is not null and nullif(manual_source, '') is null)
            then nullif(nullif(coalesce(nullif(manual_source, ''), parameter['source']), '(direct)'), '(not set)')
    end as utm_source,
    case
        when has_tags and not (gclid is not null and nullif(manual_source, '') is null)
            then nullif(nullif(medium, '(none)'), '(not set)')
    end as utm_medium,
    case
        when has_tags or gclid is not null
            then case
                when coalesce(nullif(manual_campaign, ''), parameter['campaign']) not in ('(direct)', '(organic)', '(referral)', '(not set)')
                    then coalesce(nullif(manual_campaign, ''), parameter['campaign'])
            end
    end as utm_campaign,
    case when has_tags then coalesce(nullif(manual_content, ''), parameter['content']) end as utm_content,
    case when has_tags then coalesce(nullif(manual_term, ''), parameter['term']) end as utm_term,
    parameter['content_group'] as content_group,
    -- a list of products that were only shown has no viewed product
    case
        when twins.event_name not in ('view_item_list', 'select_item', 'view_promotion', 'select_promotion')
            then nullif(nullif(first_item_id, ''), '(not set)')
    end as product_id,
    nullif(nullif(coalesce(nullif(transaction_id, ''), parameter['transaction_id']), ''), '(not set)') as order_id,
    device_type,
    cast(try_cast(engaged_until_next as bigint) as varchar) as engagement_ms
from twins
left join event_names on lower(trim(twins.event_name)) = event_names.theirs
