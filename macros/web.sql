{#-
    Part of a URL that holds its tags: the query, or the fragment (after #) if the query has no UTM tag. Some tools write tags behind
    #, and single-page apps have a ? there. Tags are taken from one of the two parts and never mixed.
-#}
{% macro tagged_part(url) -%}
    {%- set query = "split_part(" ~ url ~ ", '#', 1)" -%}
    case
        when {{ regex_like(lower_case(query), "'[?&;]utm_(source|medium|campaign)=[^&;]'") }} then {{ query }}
        else substr({{ url }}, length({{ query }}) + 1)
    end
{%- endmacro %}

{#-
    Value of a URL parameter, still encoded; null if it is absent or empty.

    Parameters: part, the result of tagged_part; name in lower case. Names match in any case, and &amp; counts as &.
    Example: {{ url_parameter('tagged_part', 'utm_source') }}
-#}
{% macro url_parameter(part, name) -%}
    {%- set before = "regexp_extract(" ~ lower_case(part) ~ ", '^(.*?[?&;#]" ~ name ~ "=)', 1)" -%}
    case when {{ before }} <> '' then nullif(regexp_extract(substr({{ part }}, length({{ before }}) + 1), '^([^&;#]*)', 1), '') end
{%- endmacro %}

{#-
    A decoded UTM value for publishing: NFC, trimmed and masked; null if empty.

    Do not simplify: finding, decoding and masking must be separate columns. Each macro repeats its argument, and nested they are more
      code than Spark compiles.
-#}
{% macro url_tag(decoded) -%}
    nullif({{ trimmed(nfc(masked(decoded))) }}, '')
{%- endmacro %}

{#-
    A UTM value; null if nobody filled it in: a word of a script (undefined, null) or a template that the ad platform did not replace, as
    where somebody copied the link: campaign.name in two braces of Meta, campaignid in one of Google, __CAMPAIGN_NAME__ of TikTok.
-#}
{% macro filled_tag(tag) -%}
    case
        when not {{ regex_like(
            lower_case(tag),
            "'^(undefined|null|nan|.object object.|(([$]?[{][{]?[^{}]+[}][}]?|__[a-z0-9]+(_[a-z0-9]+)*__|%%[a-z0-9_.:]+%%|<[a-z0-9_ .]+>)[ _|/.-]*)+)"
            ~ text_end() ~ "'"
        ) }} then {{ tag }}
    end
{%- endmacro %}

{#- All parameters of a URL in lower case, with & before and after each, for has_url_parameter; null if there is none. -#}
{% macro url_parameters(url) -%}
    case when contains({{ url }}, '=') then '&' || translate({{ lower_case(url) }}, '?;#', '&&&') || '&' end
{%- endmacro %}

{#-
    SQL condition: the parameters (from url_parameters) contain one of that name with a value.

    Do not simplify: the name may be a column (seeds/click_ids.csv), and a pattern would then be compiled for every row.
-#}
{% macro has_url_parameter(parameters, name) -%}
    (contains({{ parameters }}, '&' || {{ name }} || '=') and not contains({{ parameters }}, '&' || {{ name }} || '=&'))
{%- endmacro %}

{#-
    Host of a URL in lower case, without a leading www, m, l or lm; null if there is none.

    Example: https://www.example.vn/a becomes example.vn
    Referrers may lack their scheme. Text without one counts as a host only if it contains a dot.
-#}
{% macro url_host(url) -%}
    {%- set text = lower_case(url) -%}
    coalesce(
        nullif(regexp_extract({{ text }}, '^(([a-z][a-z0-9+.-]*:)?//([^/?#@]*@)?)?(www[.]|m[.]|l[.]|lm[.])?([^./:?#@]+[.][^/:?#@]*[^./:?#@])', 5), ''),
        nullif(regexp_extract({{ text }}, '^[a-z][a-z0-9+.-]*://([^./:?#@]+)', 1), '')
    )
{%- endmacro %}

{#-
    Registered domain of a host: example.vn of shop.example.vn, and example.com.vn of www.example.com.vn. Hosts that share it belong
    to one company. On site builders (shop.myshopify.com) each name is another company's, so it is kept whole.
-#}
{% macro registered_domain(host) -%}
    {%- set shared -%}
        myshopify.com|myharavan.com|mysapo.net|bizwebvietnam.net|mybigcommerce.com|wixsite.com|weebly.com|squarespace.com|webflow.io|blogspot.com|
        wordpress.com|tumblr.com|substack.com|github.io|gitlab.io|vercel.app|netlify.app|herokuapp.com|web.app|firebaseapp.com|pages.dev|workers.dev|
        cloudfront.net|azurewebsites.net|appspot.com|godaddysites.com|business.site|carrd.co|framer.website|ladi.me
    {%- endset -%}
    {%- set second_level = 'com|co|net|org|gov|gob|edu|ac|or|ne|go|biz|info|name|pro|health|int|id|io|ai|ltd|plc|me|my|web|nom|gen|firm' -%}
    regexp_extract({{ host }}, '([^.]+[.](({{ second_level }})[.][a-z][a-z]|{{ shared.split() | join | replace('.', '[.]') }}|[^.]+)){{ text_end() }}', 1)
{%- endmacro %}

{#-
    SQL condition: a user agent is a bot (setting bot_user_agents). Names of phones and apps that merely look like a bot's (setting
    human_user_agents) are removed first, because DuckDB's patterns have no lookbehind.
-#}
{% macro is_bot_agent(user_agent) -%}
    {%- set agent = regex_remove(lower_case(user_agent), "'" ~ setting('human_user_agents') ~ "'") -%}
    {{ regex_like(agent, "'" ~ setting('bot_user_agents') ~ "'") }}
{%- endmacro %}

{#-
    Joins the most common spelling of a tag (source, medium or campaign), if the column holds another spelling of it.

    Parameters: alias; tag, the name of the tag; spelling, the expression to look up.
    Example: {{ join_spelling('campaigns', 'campaign', 'activities.campaign') }}
-#}
{% macro join_spelling(alias, tag, spelling) -%}
left join {{ ref('int_tag_spellings') }} as {{ alias }}
    on {{ alias }}.tag = '{{ tag }}'
    and {{ alias }}.spelling = {{ spelling }}
{%- endmacro %}

{#-
    Site and category of each source in a relation, from seeds/channel_sources.csv. The longest matching name wins.

    Parameters: origins, a relation with source in lower case.
    Returns: a select of source, site and category; unknown sources are absent.
-#}
{% macro source_sites(origins) -%}
select
    source,
    site,
    category
from (
    select
        sources.source,
        channel_sources.site,
        channel_sources.category,
        {# the longest name wins: blog.naver.com is a social site, naver a search engine #}
        row_number() over (
            partition by sources.source
            order by length(channel_sources.source_name) desc, channel_sources.source_name
        ) as match_rank
    from (
        select distinct
            source,
            {# the name without its public suffix: facebook of facebook.com, and l.facebook of l.facebook.com.vn #}
            regexp_extract(source, '^(.*?)(([.](com|co|net|org|gov|edu|app|info|[a-z][a-z])){1,2}){{ text_end() }}', 1) as brand
        from {{ origins }}
    ) as sources
    inner join {{ ref('channel_sources') }} as channel_sources
        on sources.source = channel_sources.source_name
        {# a name with a dot is a domain and covers its subdomains; one without is a UTM source, or a brand with domains in many countries #}
        or (contains(channel_sources.source_name, '.') and sources.source like '%.' || channel_sources.source_name)
        or (
            channel_sources.is_brand
            and (sources.brand = channel_sources.source_name or sources.brand like '%.' || channel_sources.source_name)
        )
) as matches
where match_rank = 1
{%- endmacro %}

{#-
    Channel of each source, medium and campaign in a relation, by the first matching rule of seeds/channel_rules.csv.

    Parameters: origins, a relation of distinct source, medium and campaign.
    Returns: a select of source, medium, campaign, rule_id and channel.
-#}
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
