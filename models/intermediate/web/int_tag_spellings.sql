{# every text that names a source, medium or campaign: marts join visits to spend and messages by it #}
with tags as (

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
