{#-
    E-mails and phones are read as a person meant them. Each step is one replacement, and what it does not concern passes through it, so
    that the text stands in the SQL once. What remains at the end is checked; anything else is none.
-#}

{#-
    An e-mail address in lower case: without mailto: and what follows a question mark, the name before <…>, quotation marks, brackets,
    trailing points and commas, blanks around the @. Masked text (l***@shop.vn, xxx@shop.vn, lan...@shop.vn) is none.
-#}
{% macro normalize_email(text) -%}
    {#- an apostrophe would end the literals: until the end it is written ’, as many type it -#}
    {%- set brackets = "'()[]{}（）［］'"[1:-1] -%}
    {%- set readable = plain_characters(
        text, plain="'a-zA-Z0-9@._%+<>?=:;, -'", also="'’‘" ~ brackets, as='’’’' ~ '|' * brackets | length, quote='|'
    ) -%}
    {#- patterns stand as literals of SQL, of which a longer one takes what is between the quotes -#}
    {%- set edge = "'[ ’.,;:!|<>]*'"[1:-1] -%}
    {%- set local = "'[^ ’.,;:!|<>@][^ ,;:|<>@]*'"[1:-1] -%}
    {%- set domain = "'[^ ’.,;:!|<>@?/]+([.][^ ’.,;:!|<>@?/]+)+'"[1:-1] -%}
    {%- set steps = [
        ("'^.{321}.*'", ''),
        ("'^[^<>]*<([^<>]*)>[^<>@]*" ~ text_end() ~ "'", '\\1'),
        ("'^[^@]*mailto:'", ''),
        ("'^([^@%]+)%40([^@%]+)" ~ text_end() ~ "'", '\\1@\\2'),
        ("'^" ~ edge ~ "(" ~ local ~ ") *@ *(" ~ domain ~ ")([?/][^@]*)?" ~ edge ~ text_end() ~ "'", '\\1@\\2'),
        ("'^.*([*•●█…�]|[.][.][.]|##|xxx.*[@.]|^xx+@).*" ~ text_end() ~ "'", ''),
    ] -%}
    nullif(
        translate(
            regexp_extract({{ replaced_in_steps(lower_case(readable), steps) }}, {{ "'^" ~ local ~ "@" ~ domain ~ text_end() ~ "'" }}, 0),
            '’', {{ string_literal("'") }}
        ),
        ''
    )
{%- endmacro %}

{#-
    A phone number in E.164: a plus, the calling code and as many digits as numbers have there. National numbers are of the setting
    default_phone_country. A trunk prefix is left out, also behind the calling code (+84 (0)912…), and what follows the number: an
    extension, a name, a second number. Masked text (0912xxx678, 0912***678), what a spreadsheet has rounded (8.49E+10) and what is too
    long or too short are none.
-#}
{% macro normalize_phone(text) -%}
    {%- set countries, codes = phone_countries(), phone_codes() -%}
    {%- set country = setting('default_phone_country') -%}
    {%- if country not in countries -%}
        {{ exceptions.raise_compiler_error("Setting default_phone_country '" ~ country ~ "' is no country of macros/phone_countries.sql: give its two letters, for example VN.") }}
    {%- endif -%}
    {%- set plan = {} -%}
    {%- for name, pattern in countries[country].items() -%}{%- do plan.update({name: pattern[1:-1]}) -%}{%- endfor -%}
    {%- set national = "+" ~ plan.code -%}
    {%- set trunk = "(" ~ plan.trunk ~ ")" -%}
    {%- set end = text_end() -%}
    {#- calling codes with as many digits behind them share a branch, and so do those with one trunk prefix -#}
    {%- set by_lengths, with_zero, with_others = {}, [], [] -%}
    {%- for code, numbers in codes.items() -%}
        {%- do by_lengths.setdefault(numbers.lengths[1:-1], []).append(code) -%}
        {%- if numbers.trunk == "'0'" -%}{%- do with_zero.append(code) -%}
        {%- elif numbers.behind_trunk -%}{%- do with_others.append((code, numbers)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set branches = [] -%}
    {%- for lengths, group in by_lengths.items() -%}{%- do branches.append("(?:" ~ group | join("|") ~ ")" ~ lengths) -%}{%- endfor -%}
    {%- set possible = "(?:" ~ branches | join("|") ~ ")" -%}
    {%- set steps = [
        ("'^.{101}.*'", ""),
        (
            "'^.*([*•●█…�]|(^|[^a-z])x+[^0-9a-z]*x|##|__|[?][?]|---|[.][.][.][^0-9a-z]*[0-9]|^[^0-9a-z]*x[^a-z]*[0-9]"
            ~ "|^([^0-9]*[0-9]){1,7}x|^([^0-9]*[0-9]){8}x[0-9]" ~ text_end() ~ "|[0-9] ?x[^0-9a-z]*" ~ text_end()
            ~ "|[0-9]e[+-]?[0-9]).*" ~ end ~ "'",
            ""
        ),
        ("'^([^0-9]*[0-9]+)[.,]00?[^0-9]*" ~ end ~ "'", "\\1"),
        ("'^(([^0-9/;,|]*[0-9]){8,}) *[/;,|].*" ~ end ~ "'", "\\1"),
        ("'^[^0-9+]*([+]?([^0-9a-zà-ỹ぀-鿿가-힣#;|]*[0-9])+).*" ~ end ~ "'", "\\1"),
        ("'[^0-9+]+'", ""),
        ("'^([+]*)[+]'", "+"),
        ("'([0-9])[+]+'", "\\1"),
        ("'^[+]?00(" ~ possible ~ ")" ~ end ~ "'", "+\\1"),
        ("'^(" ~ plan.exit ~ ")(" ~ possible ~ ")" ~ end ~ "'", "+\\2"),
        ("'^[+]?00([1-9])'", "+\\1"),
        ("'^[+]0'", "0"),
        ("'^" ~ plan.code ~ "(" ~ plan.mobile ~ ")" ~ end ~ "'", national ~ "\\1") if plan.mobile,
        ("'^(" ~ plan.pattern ~ ")" ~ end ~ "'", national ~ "\\1"),
        ("'^" ~ trunk ~ "(" ~ plan.pattern ~ ")" ~ end ~ "'", national ~ "\\2"),
        ("'^0?" ~ plan.code ~ trunk ~ "?(" ~ plan.pattern ~ ")" ~ end ~ "'", national ~ "\\2"),
        ("'^" ~ trunk ~ "(" ~ plan.lengths ~ ")" ~ end ~ "'", national ~ "\\2"),
        ("'^(" ~ plan.lengths ~ ")" ~ end ~ "'", national ~ "\\1"),
        ("'^[+](" ~ with_zero | join("|") ~ ")0+([1-9])'", "+\\1\\2"),
    ] -%}
    {#- a trunk prefix other than 0 may be how a number begins, too: it goes where exactly it is too much -#}
    {%- for code, numbers in with_others -%}
        {%- do steps.append(("'^[+]" ~ code ~ "(" ~ numbers.trunk[1:-1] ~ ")(" ~ numbers.behind_trunk[1:-1] ~ ")" ~ end ~ "'", "+" ~ code ~ "\\2")) -%}
    {%- endfor -%}
    nullif(regexp_extract({{ replaced_in_steps(lower_case(plain_characters(text)), steps | select | list) }}, {{ "'^[+]" ~ possible ~ end ~ "'" }}, 0), '')
{%- endmacro %}

{#- Ids separated by ; or , as one text with ; between them. Some tools write brackets and quotation marks around. -#}
{% macro normalize_id_list(text) -%}
    {%- set blank = ("'[;" ~ whitespace() ~ "]'")[1:-1] -%}
    {%- set around = "',[]{}'"[1:-1] ~ '"' -%}
    {%- set plain = 'translate(' ~ text ~ ', ' ~ string_literal(around ~ "'") ~ ", ';')" -%}
    {%- set single = regex_replace(plain, "'" ~ blank ~ "*;" ~ blank ~ "*'", ';') -%}
    nullif({{ regex_remove(single, "'^" ~ blank ~ "+|" ~ blank ~ "+" ~ text_end() ~ "'") }}, '')
{%- endmacro %}

{#- The replacements of a list, each a pattern and what takes its place, one in the other. -#}
{% macro replaced_in_steps(text, steps) -%}
    {%- set replaced = namespace(text=text) -%}
    {%- for pattern, replacement in steps -%}
        {%- set replaced.text = regex_replace(replaced.text, pattern, replacement) -%}
    {%- endfor -%}
    {{ replaced.text }}
{%- endmacro %}

{#-
    Text in the characters that identifiers are written in: full-width ones as plain ones, digits of other scripts as ours, blanks and
    line breaks of every kind as one, quotation marks as `quote`, and nothing that cannot be seen. `also` becomes `as`, before that. Text
    of none but the `plain` characters is left alone, since DuckDB's translate costs more than all that follows.
-#}
{% macro plain_characters(text, plain="' -~'", also='', as='', quote='"') -%}
    {%- set digits = '０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙໐໑໒໓໔໕໖໗໘໙០១២៣៤៥៦៧៨៩၀၁၂၃၄၅၆၇၈၉' -%}
    {%- set letters = 'ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ' -%}
    {%- set plain_letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' -%}
    {%- set signs, plain_signs = '＠﹫．。｡＋﹢－–—‐‑−＿＜＞：；，､、？＃＊％／｜×', '@@...++------_<>:;,,,?#*%/|x' -%}
    {%- set quotes = '"“”„‟‘’‚‛«»‹›「」＂＇`´' -%}
    {%- set blanks = '\t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000' -%}
    {%- set unseen = '\xad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff' -%}
    case when {{ regex_like(text, "'^[" ~ plain[1:-1] ~ "]*" ~ text_end() ~ "'") }} then {{ text }} else translate(
        {{ text }},
        {{ string_literal(also ~ digits ~ letters ~ signs ~ quotes ~ blanks ~ unseen) }},
        {{ string_literal(as ~ '0123456789' * 9 ~ plain_letters ~ plain_signs ~ quote * quotes | length ~ ' ' * blanks | length) }}
    ) end
{%- endmacro %}

{#- The pattern of these kinds of personal data; see personal_data_patterns in dbt_project.yml. -#}
{% macro personal_data_pattern(kinds) -%}
    {%- set patterns = [] -%}
    {%- for kind in kinds -%}{%- do patterns.append(var('personal_data_patterns')[kind]) -%}{%- endfor -%}
    {{ return(patterns | join('|')) }}
{%- endmacro %}

{#-
    Text that is published, unless it holds an e-mail address or a phone number: links and reasons carry those unasked. Free text and
    ids of persons are not published at all.
-#}
{% macro masked(text) -%}
    case
        when {{ regex_like(text, "'" ~ personal_data_pattern(var('personal_data_patterns')) ~ "'") }} then '(masked)'
        else {{ text }}
    end
{%- endmacro %}

{#-
    An id that is published as it is, for BI to join it to the shop's own tables, unless somebody's address or number with its country is the
    id, or it is what dimensions call nobody in particular: then a keyed hash stands for it, the same in every table.
-#}
{% macro publishable_id(text, kinds=['address', 'international']) -%}
    case
        when {{ text }} = 'unknown' or {{ regex_like(text, "'" ~ personal_data_pattern(kinds) ~ "'") }}
            then {{ keyed_hash(["'id'", text]) }}
        else {{ text }}
    end
{%- endmacro %}

{#- A text of any kind as its reader would see it: in plain characters, and with the signs of an address or number that links encode. -#}
{% macro readable_text(text) -%}
    {{ replaced_in_steps(
        plain_characters(text, quote='’'), [("'%(25)*40'", '@'), ("'%(25)*2[Bb]'", '+'), ("'%(25)*20'", ' ')]
    ) }}
{%- endmacro %}

{#- What looks like an e-mail address in a readable text, and like a phone number, one a row. -#}
{% macro addresses_in(text) -%}
    {%- set part = "'[^ ’,;:|<>@()=&?/#]+'"[1:-1] -%}
    {{ matches(text, "'" ~ part ~ " ?@ ?" ~ part ~ "[.]" ~ part ~ "'") }}
{%- endmacro %}
{% macro numbers_in(text) -%}{{ matches(text, "'" ~ personal_data_pattern(['international', 'national']) ~ "'") }}{%- endmacro %}
