-- One row per row of the report or of the tables. Rows of a day are summed, so they must have no updated_at: _fivetran_synced differs from
-- row to row, and the latest row would supersede the others. Meta's results and actions are not read: some of them count the same thing twice.
with lines as (

    select
        _file,
        _row,
        '.' as decimal_sign,
        coalesce("Day", "Reporting starts") as starts,
        coalesce("Day", "Reporting ends", "Reporting starts") as ends,
        "Account ID" as account,
        "Campaign name" as campaign_name,
        "Campaign ID" as campaign_number,
        "Ad set name" as ad_set_name,
        "Ad set ID" as ad_set_number,
        "Ad name" as ad_name,
        "Ad ID" as ad_number,
        "Impressions" as impressions,
        "Link clicks" as clicks
    from ads_manager
    union all
    select
        _file,
        _row,
        '.',
        "Day",
        "Day",
        "Account ID",
        "Campaign name",
        "Campaign ID",
        "Ad set name",
        "Ad set ID",
        "Ad name",
        "Ad ID",
        "Impressions",
        "Link clicks"
    from ads_manager_by_day
    union all
    select
        _file,
        _row,
        ',',
        coalesce("Ngày", "Bắt đầu báo cáo"),
        coalesce("Ngày", "Kết thúc báo cáo", "Bắt đầu báo cáo"),
        "ID tài khoản",
        "Tên chiến dịch",
        "ID chiến dịch",
        "Tên nhóm quảng cáo",
        "ID nhóm quảng cáo",
        "Tên quảng cáo",
        "ID quảng cáo",
        "Lượt hiển thị",
        "Lượt click vào liên kết"
    from ads_manager_vi
    union all
    select
        _file,
        _row,
        ',',
        coalesce("Jour", "Début des rapports"),
        coalesce("Jour", "Fin des rapports", "Début des rapports"),
        "ID du compte",
        "Nom de la campagne",
        "ID de la campagne",
        "Nom de l'ensemble de publicités",
        "ID de l'ensemble de publicités",
        "Nom de la publicité",
        "ID de la publicité",
        "Impressions",
        "Clics sur un lien"
    from ads_manager_fr

),

-- the column name contains the currency
costs as (

    from (
        unpivot (select _file, _row, columns('^Amount spent( \([A-Z]{3}\))?$') from ads_manager)
        on columns(* exclude (_file, _row)) into name column_name value cost
    )
    union all
    from (
        unpivot (select _file, _row, columns('^Amount spent( \([A-Z]{3}\))?$') from ads_manager_by_day)
        on columns(* exclude (_file, _row)) into name column_name value cost
    )
    union all
    from (
        unpivot (select _file, _row, columns('^Số tiền đã chi tiêu( \([A-Z]{3}\))?$') from ads_manager_vi)
        on columns(* exclude (_file, _row)) into name column_name value cost
    )
    union all
    from (
        unpivot (select _file, _row, columns('^Montant dépensé( \([A-Z]{3}\))?$') from ads_manager_fr)
        on columns(* exclude (_file, _row)) into name column_name value cost
    )

),

reports as (

    select
        lines.*,
        costs.cost,
        coalesce(nullif(regexp_extract(costs.column_name, '\(([A-Z]{3})\)$', 1), ''), getvariable('currency')) as currency,
        read_time(lines.starts, '%d/%m/%Y') as first_day,
        read_time(lines.ends, '%d/%m/%Y') as last_day,
        -- a spreadsheet rounds ids of 18 digits (1.2E+17): a rounded id would stand for several campaigns, so use the name instead
        case when not regexp_matches(campaign_number, '[Ee.,]') then campaign_number else campaign_name end as campaign_id,
        case when not regexp_matches(ad_set_number, '[Ee.,]') then ad_set_number else ad_set_name end as ad_group_id,
        case when not regexp_matches(ad_number, '[Ee.,]') then ad_number else ad_name end as ad_id
    from lines
    left join costs on lines._file = costs._file and lines._row = costs._row
    -- leave out the total row of the report, above or below the rows, which has no names
    where coalesce(lines.campaign_name, lines.campaign_number, lines.ad_set_name, lines.ad_set_number, lines.ad_name, lines.ad_number) is not null

),

one_file as (

    -- a day downloaded again in another file, or also by ad, is the same cost: for each campaign and day use one file, the last by name
    select *
    from reports
    qualify rank() over (partition by account, campaign_id, campaign_name, first_day, last_day order by _file desc) = 1

),

ads as (

    select
        id,
        arg_max(ad_set_id, (updated_time, _fivetran_synced)) as ad_set_id,
        arg_max(campaign_id, (updated_time, _fivetran_synced)) as campaign_id,
        arg_max(creative_id, (updated_time, _fivetran_synced)) as creative_id
    from ad_history
    group by id

),

campaigns as (

    select
        id,
        arg_max(name, (updated_time, _fivetran_synced)) as campaign_name
    from campaign_history
    group by id

),

accounts as (

    select
        id,
        arg_max(currency, (_fivetran_synced, currency)) as currency
    from account_history
    group by id

),

creatives as (

    select
        id,
        arg_max(url_tags, (_fivetran_synced, url_tags)) as url_tags
    from creative_history
    group by id

),

tags as (

    -- either text (utm_source=facebook&…) or a list of key and value
    select
        id,
        case
            when json_valid(url_tags) and json_type(url_tags) = 'ARRAY'
                then '?' || list_aggregate(
                    list_transform(cast(url_tags as json[]), lambda tag: coalesce(tag ->> '$.key', '') || '=' || coalesce(tag ->> '$.value', '')),
                    'string_agg', '&'
                )
            else '?' || ltrim(url_tags, '?')
        end as query
    from creatives

),

tables as (

    select
        basic_ad.date as spend_date,
        basic_ad.account_id,
        ads.campaign_id,
        ads.ad_set_id as ad_group_id,
        basic_ad.ad_id,
        regexp_replace(basic_ad.spend, '\.$', '') as cost,
        coalesce(accounts.currency, getvariable('currency')) as currency,
        basic_ad.impressions,
        basic_ad.inline_link_clicks as clicks,
        -- Meta fills these placeholders at the click: of the campaign, name and id are known here; other placeholders stay empty
        replace(url_value(tags.query, 'utm_source'), '{{site_source_name}}', 'facebook') as utm_source,
        url_value(tags.query, 'utm_medium') as utm_medium,
        replace(
            replace(url_value(tags.query, 'utm_campaign'), '{{campaign.name}}', coalesce(campaigns.campaign_name, '{{')),
            '{{campaign.id}}', coalesce(ads.campaign_id, '{{')
        ) as utm_campaign
    from (
        -- dumps of a table may overlap: deduplicate by ad and day, keeping the last file by name
        from basic_ad
        qualify row_number() over (partition by account_id, ad_id, date order by _file desc, _row) = 1
    ) as basic_ad
    left join ads on basic_ad.ad_id = ads.id
    left join campaigns on ads.campaign_id = campaigns.id
    left join tags on ads.creative_id = tags.id
    left join accounts on basic_ad.account_id = accounts.id
    union all
    select
        case when date_start = coalesce(date_stop, date_start) then date_start else date_start || ' to ' || date_stop end,
        account_id,
        campaign_id,
        adset_id,
        ad_id,
        spend,
        coalesce(account_currency, getvariable('currency')),
        impressions,
        inline_link_clicks,
        null,
        null,
        null
    from (
        from insights
        qualify rank() over (partition by account_id, campaign_id, adset_id, ad_id, date_start, date_stop order by _file desc) = 1
    )

)

select
    spend_date,
    'meta' as platform,
    account_id,
    campaign_id,
    ad_group_id,
    ad_id,
    case when not contains(utm_source, '{{') then utm_source end as utm_source,
    case when not contains(utm_medium, '{{') then utm_medium end as utm_medium,
    case when not contains(utm_campaign, '{{') then utm_campaign end as utm_campaign,
    cost,
    currency,
    impressions,
    clicks
from tables
union all
select
    -- without the breakdown By day a row covers a whole period and has no day: it is quarantined
    case when first_day = last_day then first_day else first_day || ' to ' || last_day end,
    'meta',
    account,
    campaign_id,
    ad_group_id,
    ad_id,
    null,
    null,
    null,
    -- a file has plain numbers (76.53) or numbers in the notation of its language (1.234,56)
    case
        when regexp_full_match(trim(cost), '\d+(\.\d{1,2})?') then trim(cost)
        when decimal_sign = ',' then read_number(cost, ',', '.')
        else read_number(cost, '.', ',')
    end,
    currency,
    case when decimal_sign = ',' then read_number(impressions, ',', '.') else read_number(impressions, '.', ',') end,
    case when decimal_sign = ',' then read_number(clicks, ',', '.') else read_number(clicks, '.', ',') end
from one_file
