{#-
    Normalises e-mail addresses and phone numbers. Each macro is a chain of replacements, and a last check that the result is valid. A
    replacement leaves text that it does not concern unchanged, so that the text stands in the SQL once.
-#}

{#-
    An e-mail address in lower case, cleaned as its writer meant it.

    Parameters: text, an expression.
    Returns: the address; null if there is none. Removed are mailto:, parameters after ?, the name before <…>, quotation marks,
      brackets, trailing points and commas, and blanks around the @. A masked address (l***@shop.vn, xxx@shop.vn, lan...@shop.vn)
      gives null.
    Example: "Lan <mailto:Lan@Shop.vn>," becomes lan@shop.vn
-#}
{% macro normalize_email(text) -%}
    {#- An apostrophe would end the SQL literals, so it is replaced by ’ until the last step. -#}
    {%- set brackets = "'()[]{}（）［］'"[1:-1] -%}
    {%- set readable = plain_characters(
        text, plain="'a-zA-Z0-9@._%+<>?=:;, -'", also="'’‘" ~ brackets, as='’’’' ~ '|' * brackets | length, quote='|'
    ) -%}
    {#- Patterns are SQL literals; [1:-1] takes off the quotes where one pattern is part of another. -#}
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
    A phone number in E.164: a plus sign, the calling code and as many digits as numbers of that country have.

    Parameters: text, an expression. A number without calling code belongs to setting default_phone_country.
    Returns: the number; null if there is none. A trunk prefix is removed, also after the calling code (+84 (0)912…), and so is what
      follows the number: an extension, a name or a second number. A masked number (0912xxx678, 0912***678), a rounded one (8.49E+10)
      and one of a wrong length give null.
    Example: with VN, "0912 345 678" becomes +84912345678
    Do not simplify: each step is one replacement that leaves all other text alone, so that the text stands in the SQL once. Case branches would repeat it at every level.
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
    {#- Calling codes whose numbers have the same lengths share one branch, and so do those with the same trunk prefix. -#}
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
    {#- A trunk prefix other than 0 may also be the beginning of a number. It is removed only where the number is too long by exactly it. -#}
    {%- for code, numbers in with_others -%}
        {%- do steps.append(("'^[+]" ~ code ~ "(" ~ numbers.trunk[1:-1] ~ ")(" ~ numbers.behind_trunk[1:-1] ~ ")" ~ end ~ "'", "+" ~ code ~ "\\2")) -%}
    {%- endfor -%}
    nullif(regexp_extract({{ replaced_in_steps(lower_case(plain_characters(text)), steps | select | list) }}, {{ "'^[+]" ~ possible ~ end ~ "'" }}, 0), '')
{%- endmacro %}

{#-
    Ids separated by ; or , as one text separated by ; alone. Brackets and quotation marks around ids, which some tools write, are
    removed.

    Example: ["12", "15"] becomes 12;15
-#}
{% macro normalize_id_list(text) -%}
    {%- set blank = ("'[;" ~ whitespace() ~ "]'")[1:-1] -%}
    {%- set around = "',[]{}'"[1:-1] ~ '"' -%}
    {%- set plain = 'translate(' ~ text ~ ', ' ~ string_literal(around ~ "'") ~ ", ';')" -%}
    {%- set single = regex_replace(plain, "'" ~ blank ~ "*;" ~ blank ~ "*'", ';') -%}
    nullif({{ regex_remove(single, "'^" ~ blank ~ "+|" ~ blank ~ "+" ~ text_end() ~ "'") }}, '')
{%- endmacro %}

{#-
    Applies replacements one after the other, as nested calls of regex_replace.

    Parameters: text, an expression; steps, a list of (pattern with its quotes, replacement without).
-#}
{% macro replaced_in_steps(text, steps) -%}
    {%- set replaced = namespace(text=text) -%}
    {%- for pattern, replacement in steps -%}
        {%- set replaced.text = regex_replace(replaced.text, pattern, replacement) -%}
    {%- endfor -%}
    {{ replaced.text }}
{%- endmacro %}

{#-
    Characters that identifiers may be written in instead of plain ones, by kind. Digits and letters follow the order of their plain
    ones; plain_letters and plain_signs are the plain ones of letters and signs. Unseen characters stand for nothing.
-#}
{% macro odd_characters() -%}
    {%- set digits = '０１２３４５６７８９٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९০১২৩৪৫৬৭৮৯๐๑๒๓๔๕๖๗๘๙໐໑໒໓໔໕໖໗໘໙០១២៣៤៥៦៧៨៩၀၁၂၃၄၅၆၇၈၉' -%}
    {%- set letters = 'ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ' -%}
    {%- set plain_letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' -%}
    {%- set signs, plain_signs = '＠﹫．。｡＋﹢－–—‐‑−＿＜＞：；，､、？＃＊％／｜×', '@@...++------_<>:;,,,?#*%/|x' -%}
    {%- set blanks = '\t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000' -%}
    {%- set unseen = '\xad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff' -%}
    {{ return({
        'digits': digits, 'letters': letters, 'plain_letters': plain_letters, 'signs': signs, 'plain_signs': plain_signs, 'blanks': blanks,
        'unseen': unseen,
    }) }}
{%- endmacro %}

{#-
    A text with the characters that identifiers are written in: full-width characters and digits of other scripts as ASCII, every kind
    of blank and line break as a space, quotation marks as `quote`, and invisible characters removed.

    Parameters: text, an expression; plain, the characters that need no change, as they stand in a character class; also and as,
      further characters and their replacements; quote, what quotation marks become.
    Do not simplify: text of plain characters only skips translate, which on DuckDB costs more than all that follows.
-#}
{% macro plain_characters(text, plain="' -~'", also='', as='', quote='"') -%}
    {%- set odd = odd_characters() -%}
    {%- set quotes = '"“”„‟‘’‚‛«»‹›「」＂＇`´' -%}
    case when {{ regex_like(text, "'^[" ~ plain[1:-1] ~ "]*" ~ text_end() ~ "'") }} then {{ text }} else translate(
        {{ text }},
        {{ string_literal(also ~ odd.digits ~ odd.letters ~ odd.signs ~ quotes ~ odd.blanks ~ odd.unseen) }},
        {{ string_literal(as ~ '0123456789' * 9 ~ odd.plain_letters ~ odd.plain_signs ~ quote * quotes | length ~ ' ' * odd.blanks | length) }}
    ) end
{%- endmacro %}

{#-
    Regular expression for the given kinds of personal data (personal_data_patterns in dbt_project.yml), without quotes.

    Example: personal_data_pattern(['address', 'international'])
-#}
{% macro personal_data_pattern(kinds) -%}
    {%- set patterns = [] -%}
    {%- for kind in kinds -%}{%- do patterns.append(var('personal_data_patterns')[kind]) -%}{%- endfor -%}
    {{ return(patterns | join('|')) }}
{%- endmacro %}

{#-
    Regular expression for phone numbers as people in default_phone_country write them without a plus sign: with its calling code, or
    in groups. Kept apart from personal_data_patterns, because numbers of marts and ids of advertisers may look like these: texts are
    masked by it, but no expectation looks for it.

    A calling code without separators counts only before a mobile number; without known mobile numbers (as in the United States) every
    id of eleven digits would be one.
-#}
{% macro home_number_pattern() -%}
    {%- set country = phone_countries()[setting('default_phone_country')] -%}
    {%- set code, trunk = country.code[1:-1], country.trunk[1:-1] -%}
    {%- set between = "'[ ._()/-]{1,2}'"[1:-1] -%}
    {%- set before, behind = "'(^|[^0-9.%])'"[1:-1], "'($|[^0-9])'"[1:-1] -%}
    {%- set prefixes = [code ~ between] -%}
    {%- set own_trunk = trunk if trunk != code else '' -%}
    {%- if own_trunk -%}{%- do prefixes.append(own_trunk) -%}{%- endif -%}
    {%- set patterns = [
        before ~ '(' ~ prefixes | join('|') ~ ')' ~ "'[1-9][0-9]{1,2}'"[1:-1] ~ '(' ~ between ~ "'[0-9]{3,4}){2}'"[1:-1] ~ behind,
        "'(^|[^0-9A-Za-z.%-])([(][2-9][0-9]{2}[)] ?|[2-9][0-9]{2}[-.])[0-9]{3}[-.][0-9]{4}($|[^0-9A-Za-z-])'"[1:-1],
    ] -%}
    {%- if country.mobile -%}
        {%- do patterns.append(before ~ '((00)?' ~ code ~ '(' ~ between ~ ')?' ~ ('|' ~ own_trunk if own_trunk else '') ~ ')(' ~ country.mobile[1:-1] ~ ')' ~ behind) -%}
    {%- endif -%}
    {{ return(patterns | join('|')) }}
{%- endmacro %}

{#-
    SQL condition: the text matches a pattern as it is written or in plain characters, as invisible characters between the digits of a
    number would hide it.

    Do not simplify: plain_characters takes a hundred times as long as one comparison, and most texts need only that.
-#}
{% macro looks_like(text, pattern) -%}
    {%- set odd = odd_characters() -%}
    {%- set changed = "'[" ~ odd.digits ~ odd.letters ~ odd.signs ~ odd.blanks ~ odd.unseen ~ "]'" -%}
    ({{ regex_like(text, "'" ~ pattern ~ "'") }} or ({{ regex_like(text, changed) }} and {{ regex_like(plain_characters(text), "'" ~ pattern ~ "'") }}))
{%- endmacro %}

{#-
    A text for publishing: '(masked)' if it holds an e-mail address or phone number, which links and reasons sometimes carry;
    otherwise the text itself. Free text and ids of persons are not published at all.
-#}
{% macro masked(text) -%}
    case
        when {{ looks_like(text, personal_data_pattern(var('personal_data_patterns')) ~ '|' ~ home_number_pattern()) }} then '(masked)'
        else {{ text }}
    end
{%- endmacro %}

{#-
    An id for publishing, so that BI can join it to the tables of the shop: the id itself, or a keyed hash if it is an e-mail address,
    a phone number (also one of default_phone_country without a plus sign) or the reserved word 'unknown'. The same id has the same
    result in every table.

    Parameters: text, an expression; kinds of personal data to look for.
-#}
{% macro publishable_id(text, kinds=['address', 'international']) -%}
    case
        when {{ text }} = 'unknown' or {{ looks_like(text, personal_data_pattern(kinds) ~ '|' ~ home_number_pattern()) }}
            then {{ keyed_hash(["'id'", text]) }}
        else {{ text }}
    end
{%- endmacro %}

{#-
    A text as a person reads it: plain characters, with the percent-encoded signs of identifiers in links decoded (also if encoded
    more than once) and the @ and . of web pages, JSON and quoted-printable.
-#}
{% macro readable_text(text) -%}
    {{ replaced_in_steps(
        plain_characters(text, quote='’'),
        [
            ("'%(25)*40|&(amp;)*(#0*(64|[xX]40)|commat);|[Z-^]u0040|=40'", '@'),
            ("'%(25)*2[Ee]|&(amp;)*(#0*(46|[xX]2[Ee])|period);|[Z-^]u002[Ee]|=2[Ee]'", '.'), ("'%(25)*2[Bb]'", '+'),
            ("'%(25)*2[Dd]'", '-'), ("'%(25)*5[Ff]'", '_'), ("'%(25)*20'", ' '),
        ]
    ) }}
{%- endmacro %}

{#-
    A readable text in lower case with the signs of addresses in place of the words for them, and without blanks around these signs.

    Examples: "Hoa (at) Shop dot vn" and hoa_at_shop_dot_vn become hoa@shop.vn
-#}
{% macro spelled_out(text) -%}
    {%- set at, dot = "'at|@|a còng|a cong'"[1:-1], "'dot|chấm|cham'"[1:-1] -%}
    {{ replaced_in_steps(
        "translate(" ~ lower_case(text) ~ ", '[]{}<>', '()()()')",
        [
            ("' ?[(] ?(" ~ at ~ ") ?[)] ?| +(" ~ at ~ ") +|_at_|-at-'", '@'),
            ("' ?[(] ?(" ~ dot ~ ") ?[)] ?| +(" ~ dot ~ ") +|_dot_|-dot-'", '.'),
            ("' *([.@_-]) *'", '\\1'),
        ]
    ) }}
{%- endmacro %}

{#-
    All e-mail addresses (addresses_in) or phone numbers (numbers_in) in a readable text, one row each. The candidates are not
    normalised yet.

    Parameters: text, an expression; labels, how many parts the domain has (all that follow the @ by default), as the next word may
      stand beside the domain.
-#}
{% macro addresses_in(text, labels=none) -%}
    {%- set part, label = "'[^ ’,;:|<>@()=&?/#]+'"[1:-1], "'[^ ’,;:|<>@()=&?/#.]+'"[1:-1] -%}
    {%- set point = "'[.]'"[1:-1] -%}
    {%- set domain = ([label] * labels) | join(point) if labels else part ~ point ~ part -%}
    {{ matches(text, "'" ~ part ~ " ?@ ?" ~ domain ~ "'") }}
{%- endmacro %}
{% macro numbers_in(text) -%}
    {{ matches(text, "'" ~ personal_data_pattern(['international', 'national']) ~ '|' ~ home_number_pattern() ~ "|[+]?[0-9]{8,15}'") }}
{%- endmacro %}

{#-
    Regular expression for base64 of ASCII of nine characters or more: in each four of its letters, the ones that ASCII can give. Words
    and ids fit by chance once in some hundred.
-#}
{% macro base64_pattern() -%}
    {%- set four = "'[K-OQ-Za-e][C-HS-Xi-nyz0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]'"[1:-1] -%}
    {{ return('(' ~ four ~ "'){3,}[A-Za-z0-9+/_-]{0,3}'"[1:-1]) }}
{%- endmacro %}

{#-
    SQL condition: a text may name somebody in one of the spellings that the macros above read. False for most texts.

    Parameters: text, an expression; is_id, whether it is an id. Ids are searched for addresses and numbers as people write them only:
      the digits of millions of ids would pass for numbers of somebody.
-#}
{% macro may_name_somebody(text, is_id=false) -%}
    {%- set odd = odd_characters() -%}
    {%- set unusual = "'['"[1:-1] ~ odd.digits ~ odd.letters ~ odd.signs ~ odd.blanks ~ odd.unseen ~ ']' -%}
    {%- set kinds = ['address', 'international', 'national'] if is_id else ['address', 'encoded'] -%}
    {%- set spelled = "'([0-9][^0-9]{0,3}){8}|&#|(^|[^a-z])([Aa][Tt]|a c[oò]ng)([^a-z]|$)|'"[1:-1] -%}
    {{ regex_like(text, "'" ~ personal_data_pattern(kinds) ~ '|' ~ ('' if is_id else base64_pattern() ~ '|' ~ spelled) ~ unusual ~ "'") }}
{%- endmacro %}
