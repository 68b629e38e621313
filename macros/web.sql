{#- The value of a query parameter in an address; null where it is absent or empty. -#}
{% macro url_parameter(url, name) -%}
    nullif(regexp_extract({{ url }}, '[?&]{{ name }}=([^&#]*)', 1), '')
{%- endmacro %}

{#- The channel of each source, medium and campaign of a relation, by the ordered rules of seeds/channel_rules.csv. -#}
{% macro origin_channels(origins) -%}
with categories as (

    select
        sources.source,
        channel_sources.category
    from (select distinct source from {{ origins }}) as sources
    inner join {{ ref('channel_sources') }} as channel_sources
        on {{ regex_like('sources.source', "('(^|[.])' || channel_sources.source_name || '([.]|" ~ text_end() ~ ")')") }}
    group by sources.source, channel_sources.category

),

ranked as (

    select
        origins.source,
        origins.medium,
        origins.campaign,
        rules.rule_id,
        rules.channel,
        row_number() over (
            partition by origins.source, origins.medium, origins.campaign
            order by rules.priority
        ) as rule_rank
    from {{ origins }} as origins
    cross join {{ ref('channel_rules') }} as rules
    left join categories
        on origins.source = categories.source
        and rules.source_category = categories.category
    where
        ({{ is_blank('rules.source_pattern') }} or {{ regex_like('origins.source', 'rules.source_pattern') }})
        and ({{ is_blank('rules.medium_pattern') }} or {{ regex_like('origins.medium', 'rules.medium_pattern') }})
        and ({{ is_blank('rules.campaign_pattern') }} or {{ regex_like(lower_case('origins.campaign'), 'rules.campaign_pattern') }})
        and ({{ is_blank('rules.source_category') }} or categories.category is not null)

)

select
    source,
    medium,
    campaign,
    rule_id,
    channel
from ranked
where rule_rank = 1
{%- endmacro %}
