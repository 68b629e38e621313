-- One row per hour: rows of a day are summed, so they must have no updated_at. Campaign, ad group and ad reports each have the whole cost: for
-- each campaign and day use the ad report, the only one with links and their UTM; else that of ad groups, else that of campaigns.
with advertisers as (

    select
        id,
        max(currency) as currency
    from advertiser
    group by id

),

ads as (

    select
        ad_id,
        arg_max(adgroup_id, updated_at) as adgroup_id,
        arg_max(campaign_id, updated_at) as campaign_id,
        arg_max(advertiser_id, updated_at) as advertiser_id,
        arg_max(landing_page_url, updated_at) as landing_page_url
    from ad_history
    group by ad_id

),

ad_groups as (

    select
        adgroup_id,
        arg_max(campaign_id, updated_at) as campaign_id,
        arg_max(advertiser_id, updated_at) as advertiser_id
    from adgroup_history
    group by adgroup_id

),

campaigns as (

    select
        campaign_id,
        arg_max(advertiser_id, updated_at) as advertiser_id
    from campaign_history
    group by campaign_id

),

hours as (

    select
        1 as grain,
        ads.advertiser_id,
        ads.campaign_id,
        ads.adgroup_id,
        report.ad_id,
        ads.landing_page_url,
        report.stat_time_hour,
        report.spend,
        report.impressions,
        report.clicks,
        report._file,
        report._row
    from ad_report_hourly as report
    left join ads on report.ad_id = ads.ad_id
    union all
    select
        2,
        ad_groups.advertiser_id,
        ad_groups.campaign_id,
        report.adgroup_id,
        null,
        null,
        report.stat_time_hour,
        report.spend,
        report.impressions,
        report.clicks,
        report._file,
        report._row
    from adgroup_report_hourly as report
    left join ad_groups on report.adgroup_id = ad_groups.adgroup_id
    union all
    select
        3,
        campaigns.advertiser_id,
        report.campaign_id,
        null,
        null,
        null,
        report.stat_time_hour,
        report.spend,
        report.impressions,
        report.clicks,
        report._file,
        report._row
    from campaign_report_hourly as report
    left join campaigns on report.campaign_id = campaigns.campaign_id

),

delivered_once as (

    -- dumps of a table may overlap: deduplicate by ad and hour, keeping the last file by name
    select *
    from hours
    qualify row_number() over (partition by grain, campaign_id, adgroup_id, ad_id, stat_time_hour order by _file desc, _row) = 1

),

one_grain as (

    select *
    from delivered_once
    qualify rank() over (partition by campaign_id, left(stat_time_hour, 10) order by grain) = 1

)

select
    left(one_grain.stat_time_hour, 10) as spend_date,
    'tiktok' as platform,
    one_grain.advertiser_id as account_id,
    one_grain.campaign_id,
    one_grain.adgroup_id as ad_group_id,
    one_grain.ad_id,
    -- leave out placeholders that TikTok fills in at the click (__CAMPAIGN_NAME__): their values are unknown here
    case when not contains(url_value(landing_page_url, 'utm_source'), '__') then url_value(landing_page_url, 'utm_source') end as utm_source,
    case when not contains(url_value(landing_page_url, 'utm_medium'), '__') then url_value(landing_page_url, 'utm_medium') end as utm_medium,
    case when not contains(url_value(landing_page_url, 'utm_campaign'), '__') then url_value(landing_page_url, 'utm_campaign') end as utm_campaign,
    nullif(one_grain.spend, '-') as cost,
    coalesce(advertisers.currency, getvariable('currency')) as currency,
    nullif(one_grain.impressions, '-') as impressions,
    nullif(one_grain.clicks, '-') as clicks
from one_grain
left join advertisers on one_grain.advertiser_id = advertisers.id
