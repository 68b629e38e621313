{%- set labels = {'main_channel': 'channel'} -%}

with touches as (

    select
        campaign,
        channel,
        {{ reporting_date('touched_at') }} as seen_date
    from {{ ref('int_touchpoints') }}
    union all
    select
        campaign,
        channel,
        spend_date as seen_date
    from {{ ref('fct_ad_spend') }}
    union all
    {# the row (none) always exists, even without a touchpoint that names no campaign #}
    select
        '(none)' as campaign,
        'unassigned' as channel,
        cast(null as date) as seen_date

),

{# the channel of most touchpoints and spend rows #}
channels as (

    select
        campaign,
        channel,
        row_number() over (partition by campaign order by count(*) desc, channel) as channel_rank
    from touches
    group by campaign, channel

),

campaigns as (

    select
        campaign,
        min(seen_date) as first_seen_date,
        max(seen_date) as last_seen_date
    from touches
    group by campaign

),

with_unknown as (

    select
        campaigns.campaign,
        case when campaigns.campaign = '(none)' then 'unknown' else channels.channel end as main_channel,
        campaigns.first_seen_date,
        campaigns.last_seen_date
    from campaigns
    inner join channels
        on campaigns.campaign = channels.campaign
        and channels.channel_rank = 1
    where campaigns.campaign <> 'unknown'
    union all
    select
        'unknown' as campaign,
        'unknown' as main_channel,
        cast(null as date) as first_seen_date,
        cast(null as date) as last_seen_date

)

select * from {{ with_labels('with_unknown', labels) }} as with_unknown
