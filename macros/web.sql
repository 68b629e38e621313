{#- The value of a query parameter in an address, decoded; null where it is absent or empty. A & may have been escaped for HTML. -#}
{% macro url_parameter(url, name) -%}
    {{ percent_decoded("nullif(regexp_extract(" ~ url ~ ", '[?&;]" ~ name ~ "=([^&#]*)', 1), '')") }}
{%- endmacro %}

{#- What follows the ? of an address, with a & before and behind each parameter; null where there is none. -#}
{% macro url_parameters(url) -%}
    case when contains({{ url }}, '=') then '&' || translate(split_part({{ url }}, '#', 1), '?;', '&&') || '&' end
{%- endmacro %}

{#- Whether such parameters have one of that name, with a value. Its name may be a column, so no pattern that each row would compile anew. -#}
{% macro has_url_parameter(parameters, name) -%}
    (contains({{ parameters }}, '&' || {{ name }} || '=') and not contains({{ parameters }}, '&' || {{ name }} || '=&'))
{%- endmacro %}

{#-
    The host of an address, without what networks put before it (www, m, l, lm); null where there is none. A referrer may come without
    its scheme, so text without one needs a dot to be a host.
-#}
{% macro url_host(url) -%}
    {%- set text = lower_case(url) -%}
    coalesce(
        nullif(regexp_extract({{ text }}, '^(([a-z][a-z0-9+.-]*:)?//)?(www[.]|m[.]|l[.]|lm[.])?([^./:?#@]+[.][^/:?#@]*[^./:?#@])', 4), ''),
        nullif(regexp_extract({{ text }}, '^[a-z][a-z0-9+.-]*://([^./:?#@]+)', 1), '')
    )
{%- endmacro %}

{#- What seeds/channel_sources.csv knows of the sources of a relation: the name there, and the category that channel rules ask for. -#}
{% macro source_sites(origins) -%}
select
    source,
    source_name,
    category
from (
    select
        sources.source,
        channel_sources.source_name,
        channel_sources.category,
        {# the longest name decides: blog.naver is a social site, naver a search engine #}
        row_number() over (
            partition by sources.source
            order by length(channel_sources.source_name) desc, channel_sources.source_name
        ) as match_rank
    from (
        select distinct
            source,
            {# facebook of facebook.com and l.facebook of l.facebook.com.vn: what is left without the suffix that registries sell #}
            regexp_extract(source, '^(.*?)(([.](com|co|net|org|gov|edu|app|info|[a-z][a-z])){0,2}){{ text_end() }}', 1) as site
        from {{ origins }}
    ) as sources
    inner join {{ ref('channel_sources') }} as channel_sources
        on sources.source = channel_sources.source_name
        or sources.source like '%.' || channel_sources.source_name
        or sources.site = channel_sources.source_name
        or sources.site like '%.' || channel_sources.source_name
) as matches
where match_rank = 1
{%- endmacro %}

{#- The channel of each source, medium and campaign of a relation, by the ordered rules of seeds/channel_rules.csv. -#}
{% macro origin_channels(origins) -%}
with categories as (

    {{ source_sites(origins) }}

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
