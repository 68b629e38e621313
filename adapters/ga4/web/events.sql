-- One row an event. GA4 gives events no id, writes parameters as a list of key and value, and repeats the user's FIRST source on every event
-- (traffic_source): that one is never read.
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
        -- without consent there is no browser id: such a ping is nobody's and no session can be made of it
        nullif(trim(user_pseudo_id), '') is not null
        -- the intraday table holds the same events as the daily table that replaces it
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
        -- these four tell that a visit or a page goes on; as the first event after a pause they would open a session that came from nowhere
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

    -- time that GA4 reports on an event that is left out stays with the event before it
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
            -- exports before the middle of 2024 have no place in the batch: what the event says tells twins apart
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
    -- equal rows of one file without a place in the batch are two events; with one they are a duplicate of the export
    fingerprint || case when batch_event_index is null and twin > 1 then '-' || twin else '' end as event_id,
    user_pseudo_id as anonymous_id,
    coalesce(epoch_time(event_timestamp), event_timestamp) as occurred_at,
    coalesce(event_names.ours, twins.event_name) as event_name,
    -- Google's click id marks a paid click; GA4 keeps it where the page has dropped it from its address
    case
        when gclid is not null and not contains(coalesce(page, ''), 'gclid=')
            then coalesce(page, '/') || case when contains(coalesce(page, ''), '?') then '&' else '?' end || 'gclid=' || gclid
        else page
    end as page_url,
    parameter['page_referrer'] as referrer_url,
    -- what GA4 itself derived from the referrer (organic, referral, direct) is no tag: the project's own rules judge the referrer
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
    -- of a list of products that were merely shown none was looked at
    case
        when twins.event_name not in ('view_item_list', 'select_item', 'view_promotion', 'select_promotion')
            then nullif(nullif(first_item_id, ''), '(not set)')
    end as product_id,
    nullif(nullif(coalesce(nullif(transaction_id, ''), parameter['transaction_id']), ''), '(not set)') as order_id,
    device_type,
    cast(try_cast(engaged_until_next as bigint) as varchar) as engagement_ms
from twins
left join event_names on lower(trim(twins.event_name)) = event_names.theirs
