{#-
    The part of an address that holds its tags: what follows the ?, or, where nothing is tagged there, what follows the #. Some tools
    write tags behind the #, and pages that route by it have a ? of their own there. Tags are taken from one of the two, never a bit of each.
-#}
{% macro tagged_part(url) -%}
    {%- set query = "split_part(" ~ url ~ ", '#', 1)" -%}
    case
        when {{ regex_like(lower_case(query), "'[?&;]utm_(source|medium|campaign)=[^&;]'") }} then {{ query }}
        else substr({{ url }}, length({{ query }}) + 1)
    end
{%- endmacro %}

{#-
    The value of a parameter in such a part, as it stands there; null where it is absent or empty. A & may have been escaped for HTML. Its
    name may be in any case of letters, which patterns of both engines read alike in a text of lower case alone: that finds where the
    value begins.
-#}
{% macro url_parameter(part, name) -%}
    {%- set before = "regexp_extract(" ~ lower_case(part) ~ ", '^(.*?[?&;#]" ~ name ~ "=)', 1)" -%}
    case when {{ before }} <> '' then nullif(regexp_extract(substr({{ part }}, length({{ before }}) + 1), '^([^&;#]*)', 1), '') end
{%- endmacro %}

{#-
    A decoded value as a reader sees it: in one form of Unicode, without blanks at its ends, and masked where it could be a person's own.
    Finding, decoding and this are columns of their own where they are used: each repeats what it is given, and all in one would be more
    code than Spark compiles.
-#}
{% macro url_tag(decoded) -%}
    nullif({{ trimmed(nfc(masked(decoded))) }}, '')
{%- endmacro %}

{#-
    What follows the ? and the # of an address, in lower case, with a & before and behind each parameter; null where there is none.
-#}
{% macro url_parameters(url) -%}
    case when contains({{ url }}, '=') then '&' || translate({{ lower_case(url) }}, '?;#', '&&&') || '&' end
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
        nullif(regexp_extract({{ text }}, '^(([a-z][a-z0-9+.-]*:)?//([^/?#@]*@)?)?(www[.]|m[.]|l[.]|lm[.])?([^./:?#@]+[.][^/:?#@]*[^./:?#@])', 5), ''),
        nullif(regexp_extract({{ text }}, '^[a-z][a-z0-9+.-]*://([^./:?#@]+)', 1), '')
    )
{%- endmacro %}

{#-
    The domain that somebody registered, of a host: example.vn of shop.example.vn, example.com.vn of www.example.com.vn. Hosts that share
    it are pages of one company. Below the domains of builders of shops and pages each name is another company's, so such a name is whole.
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
    Whether a user agent is none of a person's browser. Names of phones and apps that only sound like one are taken out of it first: a
    pattern could not look behind itself on both engines.
-#}
{% macro is_bot_agent(user_agent) -%}
    {%- set agent = regex_remove(lower_case(user_agent), "'" ~ setting('human_user_agents') ~ "'") -%}
    {{ regex_like(agent, "'" ~ setting('bot_user_agents') ~ "'") }}
{%- endmacro %}

{#- Joins how most people write a tag (source, medium or campaign), where another spelling stands in the column. -#}
{% macro join_spelling(alias, tag, spelling) -%}
left join {{ ref('int_tag_spellings') }} as {{ alias }}
    on {{ alias }}.tag = '{{ tag }}'
    and {{ alias }}.spelling = {{ spelling }}
{%- endmacro %}

{#- What seeds/channel_sources.csv knows of the sources of a relation, in lower case: the site, and the category that channel rules ask for. -#}
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
        {# the longest name decides: blog.naver.com is a social site, naver a search engine #}
        row_number() over (
            partition by sources.source
            order by length(channel_sources.source_name) desc, channel_sources.source_name
        ) as match_rank
    from (
        select distinct
            source,
            {# facebook of facebook.com and l.facebook of l.facebook.com.vn: what is left without the suffix that registries sell #}
            regexp_extract(source, '^(.*?)(([.](com|co|net|org|gov|edu|app|info|[a-z][a-z])){1,2}){{ text_end() }}', 1) as brand
        from {{ origins }}
    ) as sources
    inner join {{ ref('channel_sources') }} as channel_sources
        on sources.source = channel_sources.source_name
        {# a name with a dot is a domain, with what lies below it; one without is a tag, unless a brand has it in many countries #}
        or (contains(channel_sources.source_name, '.') and sources.source like '%.' || channel_sources.source_name)
        or (
            channel_sources.is_brand
            and (sources.brand = channel_sources.source_name or sources.brand like '%.' || channel_sources.source_name)
        )
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
