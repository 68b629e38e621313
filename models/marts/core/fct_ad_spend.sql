{%- set grain -%}
spend.spend_date, spend.platform, spend.account_id, spend.campaign_id, spend.ad_group_id, spend.ad_id, spend.utm_source,
        spend.utm_medium, spend.utm_campaign
{%- endset -%}

{# several rows of one key are parts of one sum and none replaces another #}
with spend as (

    select
        {{ grain }},
        sum({{ to_reporting_currency('spend.cost') }}) as cost,
        coalesce(sum(spend.impressions), 0) as impressions,
        coalesce(sum(spend.clicks), 0) as clicks
    from {{ accepted('marketing', 'ad_spend') }} as spend
    {{ join_exchange_rates('spend.currency', 'spend.spend_date') }}
    group by
        {{ grain }}

),

tagged as (

    select
        *,
        {{ lower_case('utm_source') }} as source,
        coalesce({{ lower_case('utm_medium') }}, '(none)') as medium,
        coalesce(utm_campaign, '(none)') as campaign
    from spend

),

origins as (

    select distinct
        source,
        medium,
        campaign
    from tagged
    where source is not null

),

judged as (

    {{ origin_channels('origins') }}

)

select
    {{ keyed_hash(["'ad_spend'", 'tagged.spend_date', 'tagged.platform', 'tagged.account_id', 'tagged.campaign_id', 'tagged.ad_group_id',
        'tagged.ad_id', 'tagged.utm_source', 'tagged.utm_medium', 'tagged.utm_campaign']) }} as ad_spend_id,
    tagged.spend_date,
    tagged.platform,
    {{ masked('tagged.account_id') }} as account_id,
    {{ masked('tagged.campaign_id') }} as campaign_id,
    {{ masked('tagged.ad_group_id') }} as ad_group_id,
    {{ masked('tagged.ad_id') }} as ad_id,
    coalesce(sources.spelling_shown, tagged.utm_source) as utm_source,
    coalesce(mediums.spelling_shown, tagged.utm_medium) as utm_medium,
    coalesce(judged.channel, campaign_map.channel, 'unassigned') as channel,
    {{ joined_labels('channel', "coalesce(judged.channel, campaign_map.channel, 'unassigned')") }},
    coalesce(campaigns.spelling_shown, tagged.utm_campaign, campaign_map.campaign, '(none)') as campaign,
    cast(tagged.cost as decimal(18, 4)) as cost,
    cast(tagged.impressions as bigint) as impressions,
    cast(tagged.clicks as bigint) as clicks
from tagged
left join judged
    on tagged.source = judged.source
    and tagged.medium = judged.medium
    and tagged.campaign = judged.campaign
left join {{ ref('campaign_map') }} as campaign_map
    on tagged.source is null
    and tagged.platform = campaign_map.platform
    and tagged.account_id = campaign_map.account_id
    and tagged.campaign_id = campaign_map.campaign_id
{{ join_spelling('sources', 'source', 'tagged.utm_source') }}
{{ join_spelling('mediums', 'medium', 'tagged.utm_medium') }}
{{ join_spelling('campaigns', 'campaign', 'coalesce(tagged.utm_campaign, campaign_map.campaign)') }}
{{ join_labels('channel', "'channel'", "coalesce(judged.channel, campaign_map.channel, 'unassigned')") }}
