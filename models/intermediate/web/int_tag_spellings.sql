with clicks as (

    select
        click_ids.source,
        click_ids.medium,
        session_entries.utm_source,
        session_entries.utm_medium
    from {{ ref('int_session_entries') }} as session_entries
    inner join {{ ref('click_ids') }} as click_ids
        on {{ has_url_parameter('session_entries.page_parameters', 'click_ids.click_id') }}

),

{# all texts that name a source, medium or campaign, so that visits, spend and messages show the same spelling and can be joined #}
tags as (

    select
        'source' as tag,
        source_tag as spelling
    from {{ ref('int_session_entries') }}
    union all
    select
        'medium' as tag,
        medium_tag as spelling
    from {{ ref('int_session_entries') }}
    union all
    select
        'campaign' as tag,
        campaign_tag as spelling
    from {{ ref('int_session_entries') }}
    union all
    {# a visit without tags takes its source from the referrer or click id #}
    select
        'source' as tag,
        referrer_host as spelling
    from {{ ref('int_session_entries') }}
    where utm_source is null
    union all
    select
        'source' as tag,
        source as spelling
    from clicks
    where utm_source is null
    union all
    select
        'medium' as tag,
        medium as spelling
    from clicks
    where utm_medium is null
    union all
    select
        'source' as tag,
        utm_source as spelling
    from {{ accepted('marketing', 'ad_spend') }} as ad_spend
    union all
    select
        'medium' as tag,
        utm_medium as spelling
    from {{ accepted('marketing', 'ad_spend') }} as ad_spend
    union all
    select
        'campaign' as tag,
        utm_campaign as spelling
    from {{ accepted('marketing', 'ad_spend') }} as ad_spend
    union all
    select
        'campaign' as tag,
        campaign as spelling
    from {{ accepted('marketing', 'email_events') }} as email_events
    union all
    select
        'campaign' as tag,
        campaign as spelling
    from {{ accepted('crm', 'activities') }} as activities
    union all
    select
        'campaign' as tag,
        campaign as spelling
    from {{ ref('campaign_map') }}

),

spellings as (

    select
        tag,
        spelling,
        count(*) as row_count
    from tags
    where spelling is not null
    group by tag, spelling

),

shown as (

    select
        tag,
        spelling,
        first_value(spelling) over (
            partition by tag, {{ lower_case('spelling') }}
            order by row_count desc, spelling
        ) as spelling_shown
    from spellings

)

select
    tag,
    spelling,
    spelling_shown
from shown
where spelling <> spelling_shown
