with session_entries as (

    select * from {{ ref('int_session_entries') }}

),

{# click ids in the URL of the landing page; if there are several, a paid one comes first #}
clicks as (

    select
        session_entries.opening_event_id,
        click_ids.click_id,
        click_ids.source,
        click_ids.medium,
        click_ids.is_paid,
        row_number() over (
            partition by session_entries.opening_event_id
            order by case when click_ids.is_paid then 0 else 1 end, click_ids.click_id
        ) as click_rank
    from session_entries
    inner join {{ ref('click_ids') }} as click_ids
        on {{ has_url_parameter('session_entries.page_parameters', 'click_ids.click_id') }}

),

{# referrers that are no origin of a visit: the company's own sites, payment providers and the like #}
excluded_referrers as (

    select distinct referrers.referrer_host
    from (select distinct referrer_host from session_entries) as referrers
    inner join {{ ref('referral_exclusions') }} as exclusions
        on referrers.referrer_host = exclusions.domain
        or referrers.referrer_host like '%.' || exclusions.domain

),

{# a medium counts as paid if a rule of a paid channel requires it #}
paid_mediums as (

    select distinct mediums.utm_medium
    from (select distinct utm_medium from session_entries) as mediums
    inner join {{ ref('channel_rules') }} as rules
        on not {{ is_blank('rules.medium_pattern') }}
        and {{ regex_like('mediums.utm_medium', 'rules.medium_pattern') }}
    inner join {{ ref('channels') }} as channels
        on rules.channel = channels.channel
        and channels.ownership = 'paid'

),

entries as (

    select
        session_entries.*,
        clicks.source as click_source,
        clicks.medium as click_medium,
        {# a paid click id is stronger evidence than UTM tags, which may be missing or wrong, for example on shared links #}
        coalesce(clicks.is_paid, false) and paid_mediums.utm_medium is null as is_click_stronger,
        case
            when excluded_referrers.referrer_host is null and not session_entries.is_own_referrer then session_entries.referrer_host
        end as referrer_domain,
        coalesce(session_entries.utm_source, session_entries.utm_medium, session_entries.utm_campaign) is not null as is_tagged
    from session_entries
    left join clicks
        on session_entries.opening_event_id = clicks.opening_event_id
        and clicks.click_rank = 1
    left join excluded_referrers on session_entries.referrer_host = excluded_referrers.referrer_host
    left join paid_mediums on session_entries.utm_medium = paid_mediums.utm_medium

),

{# of several events with the first timestamp, the one with the best evidence of an origin comes first: a tag, then a referrer #}
openings as (

    select
        *,
        row_number() over (
            partition by first_event_id
            order by
                case
                    when is_tagged or click_source is not null then 0
                    when referrer_domain is not null then 1
                    else 2
                end,
                opening_event_id
        ) as opening_rank,
        bool_or(is_bot) over (partition by first_event_id) as is_opened_by_bot,
        bool_or(has_landing_page) over (partition by first_event_id) as is_opened_by_page
    from entries

),

with_sources as (

    select
        openings.*,
        case
            when is_click_stronger then click_source
            else coalesce(
                utm_source,
                click_source,
                {# a tagged link without a source does not take the referrer as its source, because its tags do not describe the referrer #}
                case when is_tagged then '(not set)' end,
                referrer_domain,
                '(direct)'
            )
        end as source,
        case
            when is_click_stronger then click_medium
            else coalesce(
                utm_medium,
                case when utm_source is null then click_medium end,
                case when not is_tagged and referrer_domain is not null then 'referral' end,
                '(none)'
            )
        end as medium,
        coalesce(utm_campaign, '(none)') as campaign
    from openings
    where opening_rank = 1

),

with_spellings as (

    select
        *,
        case when source = utm_source then source_tag else source end as source_spelling,
        case when medium = utm_medium then medium_tag else medium end as medium_spelling
    from with_sources

),

{# each combination is matched with the rules once, however many sessions have it #}
origins as (

    select distinct
        source,
        medium,
        campaign
    from with_sources

),

origins_with_channel as (

    {{ origin_channels('origins') }}

)

select
    {{ keyed_hash(["'session'", 'with_sources.anonymous_id', 'with_sources.first_event_id']) }} as session_id,
    with_sources.anonymous_id,
    with_sources.session_number,
    with_sources.started_at,
    with_sources.ended_at,
    origins_with_channel.channel,
    coalesce(sources.spelling_shown, with_sources.source_spelling) as source,
    coalesce(mediums.spelling_shown, with_sources.medium_spelling) as medium,
    coalesce(campaigns.spelling_shown, with_sources.campaign_tag, '(none)') as campaign,
    origins_with_channel.rule_id as channel_rule,
    with_sources.device_type,
    with_sources.event_count,
    with_sources.page_view_count,
    with_sources.product_view_count,
    with_sources.search_count,
    with_sources.form_error_count,
    {# an engaged session as GA4 defines it: 10 seconds of engagement, two page views or a key event #}
    (
        with_sources.engagement_ms >= 10000
        or with_sources.page_view_count >= 2
        or with_sources.has_cart
        or with_sources.has_checkout
        or with_sources.has_order
    ) as is_engaged,
    with_sources.is_opened_by_bot as is_bot,
    with_sources.is_endless,
    not with_sources.is_opened_by_bot and not with_sources.is_endless as is_human,
    with_sources.is_opened_by_page as has_landing_page,
    with_sources.has_form_started,
    with_sources.has_form_submitted,
    with_sources.carted_at,
    with_sources.has_cart,
    with_sources.has_checkout,
    with_sources.has_order
from with_spellings as with_sources
inner join origins_with_channel
    on with_sources.source = origins_with_channel.source
    and with_sources.medium = origins_with_channel.medium
    and with_sources.campaign = origins_with_channel.campaign
{{ join_spelling('sources', 'source', 'with_sources.source_spelling') }}
{{ join_spelling('mediums', 'medium', 'with_sources.medium_spelling') }}
{{ join_spelling('campaigns', 'campaign', 'with_sources.campaign_tag') }}
