{#- An e-mail address trimmed and lower-cased; null where it cannot be one. -#}
{% macro normalize_email(text) -%}
    {%- set address = lower_case(trimmed(text)) -%}
    {%- set pattern = "'^[^@" ~ whitespace() ~ "]+@[^@" ~ whitespace() ~ "]+[.][^@" ~ whitespace() ~ "]+" ~ text_end() ~ "'" -%}
    case when {{ regex_like(address, pattern) }} then {{ address }} end
{%- endmacro %}

{#-
    A phone number in E.164: digits behind a plus. National numbers take the calling code of the setting default_phone_country.
    00 is the international prefix unless only zeros follow it. Null where 8 to 15 digits do not remain.
-#}
{% macro normalize_phone(text) -%}
    {%- set codes = calling_codes() -%}
    {%- set country = setting('default_phone_country') -%}
    {%- if country not in codes -%}
        {{ exceptions.raise_compiler_error("Setting default_phone_country '" ~ country ~ "' is not known: add its calling code to macros/identifiers.sql.") }}
    {%- endif -%}
    {%- set code = codes[country] -%}
    {%- set digits = regex_remove(text, "'[^0-9]'") -%}
    {%- set international -%}
        case
            when {{ text }} like '+%' then {{ digits }}
            when {{ regex_like(digits, "'^00[1-9]'") }} then substr({{ digits }}, 3)
            when {{ digits }} like '0%' then '{{ code }}' || substr({{ digits }}, 2)
            when {{ digits }} like '{{ code }}%' and length({{ digits }}) >= {{ (code | length) + 9 }} then {{ digits }}
            else '{{ code }}' || {{ digits }}
        end
    {%- endset -%}
    case when length({{ international }}) between 8 and 15 and {{ digits }} <> '' then '+' || {{ international }} end
{%- endmacro %}

{% macro calling_codes() -%}
    {{ return({
        'AU': '61', 'BR': '55', 'CA': '1', 'CN': '86', 'DE': '49', 'ES': '34', 'FR': '33', 'GB': '44', 'HK': '852', 'ID': '62',
        'IN': '91', 'IT': '39', 'JP': '81', 'KH': '855', 'KR': '82', 'LA': '856', 'MY': '60', 'NL': '31', 'PH': '63', 'SG': '65',
        'TH': '66', 'TW': '886', 'US': '1', 'VN': '84',
    }) }}
{%- endmacro %}

{#-
    Text that is published, unless it holds an e-mail address or a phone number: links and reasons carry those unasked. Free text and
    ids of persons are not published at all.
-#}
{% macro masked(text) -%}
    case
        when {{ regex_like(text, "'@|%40|[+][0-9]{8,15}|(^|[^0-9])0[0-9]{8,10}([^0-9]|" ~ text_end() ~ ")'") }} then '(masked)'
        else {{ text }}
    end
{%- endmacro %}
