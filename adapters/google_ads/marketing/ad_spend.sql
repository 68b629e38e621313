-- One row per row of statistics. Google splits a day by device and network: rows of a day are summed, so they must have no updated_at
-- (_fivetran_synced differs from row to row, and the latest row would supersede the others). Campaign, ad group and ad tables each have the whole
-- cost: for each campaign and day use the campaign table, else that of ad groups, else that of ads.
with currencies as (

    select
        id,
        arg_max(currency_code, (updated_at, currency_code)) as currency
    from account_history
    group by id

),

campaign_names as (

    select
        customer_id,
        id,
        arg_max(name, (updated_at, name)) as campaign_name
    from campaign_history
    group by all

),

tables as (

    select
        1 as grain,
        customer_id,
        date as spend_date,
        coalesce(id, nullif(regexp_extract(base_campaign, 'campaigns/(\d+)', 1), '')) as campaign_id,
        null as ad_group_id,
        null as ad_id,
        null as campaign_name,
        cost_micros,
        impressions,
        clicks,
        coalesce(_fivetran_id, _file || '#' || _row) as row_id,
        _fivetran_synced as synced_at,
        null as only_file
    from campaign_stats
    union all
    select
        1,
        customer_id,
        segments_date,
        campaign_id,
        null,
        null,
        campaign_name,
        metrics_cost_micros,
        metrics_impressions,
        metrics_clicks,
        _file || '#' || _row,
        null,
        _file
    from airbyte_campaign
    union all
    select
        2,
        customer_id,
        date,
        campaign_id,
        id,
        null,
        null,
        cost_micros,
        impressions,
        clicks,
        coalesce(_fivetran_id, _file || '#' || _row),
        _fivetran_synced,
        null
    from ad_group_stats
    union all
    select
        3,
        customer_id,
        date,
        campaign_id,
        coalesce(ad_group_id, nullif(regexp_extract(ad_group, 'adGroups/(\d+)', 1), '')),
        ad_id,
        null,
        cost_micros,
        impressions,
        clicks,
        coalesce(_fivetran_id, _file || '#' || _row),
        _fivetran_synced,
        null
    from ad_stats

),

delivered_once as (

    -- dumps of a table may overlap: keep the last synced row per Fivetran key, and for Airbyte the last file per campaign and day
    select *
    from tables
    qualify
        row_number() over (
            partition by grain, row_id, customer_id, campaign_id, ad_group_id, ad_id, left(spend_date, 10) order by synced_at desc, cost_micros desc
        ) = 1
        and rank() over (partition by grain, customer_id, campaign_id, left(spend_date, 10) order by only_file desc nulls last) = 1

),

one_grain as (

    select *
    from delivered_once
    qualify rank() over (partition by customer_id, campaign_id, left(spend_date, 10) order by grain) = 1

),

report_lines as (

    select
        *,
        -- dates with the name of the month are read; 1/2/2026 is ambiguous and quarantined
        read_time(read_time("Day", '%b %d, %Y'), '%B %d, %Y') as spend_day
    from campaign_report
    where
        -- leave out the totals at the end of the report (`Total: Campaigns`), which would count every cost twice
        not regexp_matches(coalesce(trim("Day"), ''), '^(Total|Tổng)')
        and not regexp_matches(coalesce(trim("Campaign"), ''), '^Total: ')
        and not regexp_matches(coalesce(trim("Campaign state"), ''), '^Total: ')

),

reports as (

    -- a day downloaded again in another file, or also by ad group, is the same cost: for each campaign and day use one file, the last by name
    select *
    from report_lines
    qualify rank() over (
        partition by coalesce("Customer ID", "Account", ''), coalesce(nullif(trim("Campaign ID"), '--'), "Campaign"), spend_day
        order by _file desc
    ) = 1

)

select
    left(one_grain.spend_date, 10) as spend_date,
    'google_ads' as platform,
    one_grain.customer_id as account_id,
    one_grain.campaign_id,
    one_grain.ad_group_id,
    one_grain.ad_id,
    case when getvariable('campaign_names_are_utm') in ('yes', 'true') then 'google' end as utm_source,
    case when getvariable('campaign_names_are_utm') in ('yes', 'true') then 'cpc' end as utm_medium,
    case
        when getvariable('campaign_names_are_utm') in ('yes', 'true') then coalesce(one_grain.campaign_name, campaign_names.campaign_name)
    end as utm_campaign,
    -- millionths of the currency
    coalesce(
        regexp_replace(cast(try_cast(one_grain.cost_micros as decimal(24, 0)) * 0.000001 as varchar), '\.?0+$', ''), one_grain.cost_micros
    ) as cost,
    coalesce(currencies.currency, getvariable('currency')) as currency,
    one_grain.impressions,
    one_grain.clicks
from one_grain
left join currencies on one_grain.customer_id = currencies.id
left join campaign_names
    on one_grain.customer_id = campaign_names.customer_id
    and one_grain.campaign_id = campaign_names.id
union all
select
    left(spend_day, 10),
    'google_ads',
    coalesce(nullif(trim("Customer ID"), '--'), nullif(trim("Account"), '--')),
    nullif(trim("Campaign ID"), '--'),
    coalesce(
        nullif(trim("Ad group ID"), '--'),
        nullif(trim("Ad group"), '--')
    ),
    nullif(trim("Ad ID"), '--'),
    case when getvariable('campaign_names_are_utm') in ('yes', 'true') then 'google' end,
    case when getvariable('campaign_names_are_utm') in ('yes', 'true') then 'cpc' end,
    case when getvariable('campaign_names_are_utm') in ('yes', 'true') then "Campaign" end,
    read_number(nullif(trim("Cost"), '--'), '.', ','),
    coalesce(nullif(trim("Currency code"), '--'), getvariable('currency')),
    read_number(nullif(trim(coalesce("Impr.", "Impressions")), '--'), '.', ','),
    read_number(nullif(trim("Clicks"), '--'), '.', ',')
from reports
