{#-
    Everything that DuckDB and Spark write differently or compute differently. Models call these macros and never use such a construct
    themselves. Each macro dispatches on the engine: default__NAME is the DuckDB version, spark__NAME the Spark version.
-#}

{#-
    Keyed hash of some parts, so that an identifier can be published without being guessed from its hash.

    Parameters: parts, a list of SQL expressions (null counts as empty); key, 'hash_key' for the current key or 'last_hash_key' for
      the one before the last `journey rotate-key` ('none' if there was none).
    Returns: the first 128 bits of sha256 over key and parts, as 32 hexadecimal digits, equal on both engines.
    Example: {{ keyed_hash(["'email'", 'contacts.email']) }}
    Do not simplify: the key comes from the session and never stands in the SQL, which logs and query histories keep.
-#}
{% macro keyed_hash(parts, key='hash_key') -%}{{ return(adapter.dispatch('keyed_hash', 'customer_journey')(parts, key)) }}{%- endmacro %}
{% macro default__keyed_hash(parts, key) -%}
    substr(sha256(concat_ws('|', getvariable('{{ key }}'){% for part in parts %}, coalesce(cast({{ part }} as string), ''){% endfor %})), 1, 32)
{%- endmacro %}
{% macro spark__keyed_hash(parts, key) -%}
    substr(sha2(concat_ws('|', '${spark.journey.{{ key }}}'{% for part in parts %}, coalesce(cast({{ part }} as string), ''){% endfor %}), 256), 1, 32)
{%- endmacro %}

{#-
    On-run-start hook: fails if the hash key is missing, or differs from the key that this warehouse was built with. On DuckDB the
    plugin that hands out the key checks both.

    Do not simplify: Spark reports none of these cases by itself. Without the key it substitutes an empty text; with
      spark.sql.variable.substitute off it leaves the placeholder; and it replaces a key that contains a word such as secret or token
      by '*********(redacted)'. In each case the hashes could be reversed.
-#}
{% macro ensure_hash_key() -%}{{ return(adapter.dispatch('ensure_hash_key', 'customer_journey')()) }}{%- endmacro %}
{% macro default__ensure_hash_key() -%}{%- endmacro %}
{% macro spark__ensure_hash_key() -%}
    {%- set found = "select '${spark.journey.hash_key}' in ('', concat('$', '{spark.journey.hash_key}')), '${spark.journey.hash_key}' = '*********(redacted)'" -%}
    {%- if execute -%}
        {%- set is_missing, is_redacted = run_query(found).rows[0] -%}
        {%- if is_missing -%}
            {{ exceptions.raise_compiler_error("The Spark session was not given spark.journey.hash_key: set JOURNEY_HASH_KEY. If it is set, spark.sql.variable.substitute is off. docs/scaling.md tells how the key travels.") }}
        {%- elif is_redacted -%}
            {{ exceptions.raise_compiler_error("Spark redacts the key of the hashes, since it holds a word such as secret, password or token. Choose another JOURNEY_HASH_KEY, for example of `openssl rand -hex 32`.") }}
        {%- endif -%}
        {%- set known = api.Relation.create(database=target.database, schema='private', identifier='hash_key') -%}
        {%- if adapter.get_relation(known.database, known.schema, known.identifier) -%}
            {%- if run_query('select 1 from ' ~ known ~ ' where fingerprint <> ' ~ keyed_hash(["'hash_key_fingerprint'"])).rows -%}
                {{ exceptions.raise_compiler_error("These tables were built with another key than JOURNEY_HASH_KEY. Set the key of scripts/build; docs/keys.md tells where it lies.") }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#-
    Join key of a person or other entity: the first 60 bits of its hashed id, as a bigint, since joins on numbers are faster than on
    text.

    Parameters: id, an expression of a hashed id or 'unknown'.
    Returns: a bigint in the order of the ids; 0 for 'unknown'. The test person_key_is_unique makes sure that no two persons share a
      key.
    Example: {{ key_of('persons.person_id') }} as person_key
-#}
{% macro key_of(id) -%}case when {{ id }} = 'unknown' then 0 else {{ hex_to_bigint('substr(' ~ id ~ ', 1, 15)') }} end{%- endmacro %}

{#- Number written in up to 15 hexadecimal digits, as a bigint. Example: {{ hex_to_bigint("'ff'") }} is 255 -#}
{% macro hex_to_bigint(digits) -%}{{ return(adapter.dispatch('hex_to_bigint', 'customer_journey')(digits)) }}{%- endmacro %}
{% macro default__hex_to_bigint(digits) -%}cast('0x' || {{ digits }} as bigint){%- endmacro %}
{% macro spark__hex_to_bigint(digits) -%}cast(conv({{ digits }}, 16, 10) as bigint){%- endmacro %}

{#-
    SQL condition: a regular expression matches somewhere in a text. DuckDB has a function for it, Spark an operator.

    Parameters: text, an expression; pattern, an SQL expression, so a literal needs its quotes.
    Example: {{ regex_like('page_url', "'[?&]gclid='") }}
-#}
{% macro regex_like(text, pattern) -%}{{ return(adapter.dispatch('regex_like', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__regex_like(text, pattern) -%}regexp_matches({{ text }}, {{ pattern }}){%- endmacro %}
{% macro spark__regex_like(text, pattern) -%}({{ text }} rlike {{ pattern }}){%- endmacro %}

{#-
    A text without all matches of a regular expression. Parameters as in regex_like.

    Do not simplify: DuckDB's regexp_replace replaces only the first match without the option 'g', which Spark does not have.
-#}
{% macro regex_remove(text, pattern) -%}{{ return(adapter.dispatch('regex_remove', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__regex_remove(text, pattern) -%}regexp_replace({{ text }}, {{ pattern }}, '', 'g'){%- endmacro %}
{% macro spark__regex_remove(text, pattern) -%}regexp_replace({{ text }}, {{ pattern }}, ''){%- endmacro %}

{#-
    A text with every match of a regular expression replaced.

    Parameters: text and pattern as in regex_like; replacement without quotes, in which \1 is the first group.
    Example: {{ regex_replace('phone', "'^00([1-9])'", '+\\1') }}
    Do not simplify: Spark writes groups as $1, and DuckDB replaces only the first match without 'g'.
-#}
{% macro regex_replace(text, pattern, replacement) -%}{{ return(adapter.dispatch('regex_replace', 'customer_journey')(text, pattern, replacement)) }}{%- endmacro %}
{% macro default__regex_replace(text, pattern, replacement) -%}regexp_replace({{ text }}, {{ pattern }}, '{{ replacement }}', 'g'){%- endmacro %}
{% macro spark__regex_replace(text, pattern, replacement) -%}regexp_replace({{ text }}, {{ pattern }}, '{{ replacement | replace('\\', '$') }}'){%- endmacro %}

{#- White space inside the brackets of a character class. Java, and so Spark, does not know [:space:]. -#}
{% macro whitespace() -%}{{ return(adapter.dispatch('whitespace', 'customer_journey')()) }}{%- endmacro %}
{% macro default__whitespace() -%}[:space:]{%- endmacro %}
{% macro spark__whitespace() -%}\\s{%- endmacro %}

{#-
    End of the text inside a regular expression.

    Do not simplify: in Java, and so in Spark, `$` also matches before a final line break; \z does not.
-#}
{% macro text_end() -%}{{ return(adapter.dispatch('text_end', 'customer_journey')()) }}{%- endmacro %}
{% macro default__text_end() -%}\z{%- endmacro %}
{% macro spark__text_end() -%}\\z{%- endmacro %}

{#-
    A text without white space at its ends.

    Do not simplify: DuckDB's trim removes spaces of every script (no-break, ideographic, …), Spark's only the plain space, so Spark
      gets the list.
-#}
{% macro trimmed(text) -%}{{ return(adapter.dispatch('trimmed', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__trimmed(text) -%}trim({{ text }}){%- endmacro %}
{% macro spark__trimmed(text) -%}
    trim(both ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000' from {{ text }})
{%- endmacro %}

{#-
    A text in lower case, one character for each character.

    Do not simplify: Spark's lower() turns the Turkish İ into two characters and a sigma at the end of a word into ς, DuckDB's does
      neither.
-#}
{% macro lower_case(text) -%}{{ return(adapter.dispatch('lower_case', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__lower_case(text) -%}lower({{ text }}){%- endmacro %}
{% macro spark__lower_case(text) -%}lower(translate({{ text }}, 'İΣ', 'iσ')){%- endmacro %}

{#-
    A text in Unicode NFC, so that a letter with its marks is one character however it was typed. Landed text already is NFC; this is
    for text that models decode.

    Do not simplify: Spark has no function for it. There, letters and marks of Latin and Cyrillic scripts are replaced one pair at a
      time, plain letters first, so that a second mark finds the letter which the first mark made.
-#}
{% macro nfc(text) -%}{{ return(adapter.dispatch('nfc', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__nfc(text) -%}nfc_normalize({{ text }}){%- endmacro %}
{% macro spark__nfc(text) -%}
    {%- set plain, marked = [], [] -%}
    {%- for mark, letters, composed in composed_letters() -%}
        {%- for letter in letters -%}
            {%- do (plain if letter in 'abcdefghijklmnopqrstuvwxyz' or letter in 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' else marked).append(letter ~ mark ~ composed[loop.index0]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set triples = plain + marked -%}
    case
        when {{ text }} rlike '[\\u0300-\\u0345]' then aggregate(
            sequence(0, {{ triples | length - 1 }}),
            {{ "translate(" ~ text ~ ", '\u0340\u0341', '\u0300\u0301')" }},
            (composed, place) -> replace(
                composed, substr('{{ triples | join('') }}', 3 * place + 1, 2), substr('{{ triples | join('') }}', 3 * place + 3, 1)
            )
        )
        else {{ text }}
    end
{%- endmacro %}
{#- Mark, letters and composed letters for nfc on Spark, as a list of tuples. Two marks in the other order are listed as well. -#}
{% macro composed_letters() -%}
    {{ return([
        ('\u0300', 'AEINOUWYaeinouwyÂÊÔÜâêôüĂăĒēŌōƠơƯưЕИеи', 'ÀÈÌǸÒÙẀỲàèìǹòùẁỳẦỀỒǛầềồǜẰằḔḕṐṑỜờỪừЀЍѐѝ'),
        ('\u0301', 'ACEGIKLMNOPRSUWYZacegiklmnoprsuwyzÂÅÆÇÊÏÔÕØÜâåæçêïôõøüĂăĒēŌōŨũƠơƯưГКгк', 'ÁĆÉǴÍḰĹḾŃÓṔŔŚÚẂÝŹáćéǵíḱĺḿńóṕŕśúẃýźẤǺǼḈẾḮỐṌǾǗấǻǽḉếḯốṍǿǘẮắḖḗṒṓṸṹỚớỨứЃЌѓќ'),
        ('\u0302', 'ACEGHIJOSUWYZaceghijosuwyzẠạẸẹỌọ', 'ÂĈÊĜĤÎĴÔŜÛŴŶẐâĉêĝĥîĵôŝûŵŷẑẬậỆệỘộ'),
        ('\u0303', 'AEINOUVYaeinouvyÂÊÔâêôĂăƠơƯư', 'ÃẼĨÑÕŨṼỸãẽĩñõũṽỹẪỄỖẫễỗẴẵỠỡỮữ'),
        ('\u0304', 'AEGIOUYaegiouyÄÆÕÖÜäæõöüǪǫȦȧȮȯḶḷṚṛИУиу', 'ĀĒḠĪŌŪȲāēḡīōūȳǞǢȬȪǕǟǣȭȫǖǬǭǠǡȰȱḸḹṜṝӢӮӣӯ'),
        ('\u0306', 'AEGIOUaegiouȨȩẠạАЕЖИУаежиу', 'ĂĔĞĬŎŬăĕğĭŏŭḜḝẶặӐӖӁЙЎӑӗӂйў'),
        ('\u0307', 'ABCDEFGHIMNOPRSTWXYZabcdefghmnoprstwxyzŚśŠšſṢṣ', 'ȦḂĊḊĖḞĠḢİṀṄȮṖṘṠṪẆẊẎŻȧḃċḋėḟġḣṁṅȯṗṙṡṫẇẋẏżṤṥṦṧẛṨṩ'),
        ('\u0308', 'AEHIOUWXYaehiotuwxyÕõŪūІАЕЖЗИОУЧЫЭаежзиоучыэі', 'ÄËḦÏÖÜẄẌŸäëḧïöẗüẅẍÿṎṏṺṻЇӒЁӜӞӤӦӰӴӸӬӓёӝӟӥӧӱӵӹӭї'),
        ('\u0309', 'AEIOUYaeiouyÂÊÔâêôĂăƠơƯư', 'ẢẺỈỎỦỶảẻỉỏủỷẨỂỔẩểổẲẳỞởỬử'),
        ('\u030a', 'AUauwy', 'ÅŮåůẘẙ'),
        ('\u030b', 'OUouУу', 'ŐŰőűӲӳ'),
        ('\u030c', 'ACDEGHIKLNORSTUZacdeghijklnorstuzÜüƷ', 'ǍČĎĚǦȞǏǨĽŇǑŘŠŤǓŽǎčďěǧȟǐǰǩľňǒřšťǔžǙǚǮ'),
        ('\u030f', 'AEIORUaeioru', 'ȀȄȈȌȐȔȁȅȉȍȑȕ'),
        ('\u0311', 'AEIORUaeioru', 'ȂȆȊȎȒȖȃȇȋȏȓȗ'),
        ('\u031b', 'OUouÒÓÕÙÚòóõùúŨũỌọỎỏỤụỦủ', 'ƠƯơưỜỚỠỪỨờớỡừứỮữỢợỞởỰựỬử'),
        ('\u0323', 'ABDEHIKLMNORSTUVWYZabdehiklmnorstuvwyzÂÊÔâêôĂăƠơƯưṠṡ', 'ẠḄḌẸḤỊḲḶṂṆỌṚṢṬỤṾẈỴẒạḅḍẹḥịḳḷṃṇọṛṣṭụṿẉỵẓẬỆỘậệộẶặỢợỰựṨṩ'),
        ('\u0324', 'Uu', 'Ṳṳ'),
        ('\u0325', 'Aa', 'Ḁḁ'),
        ('\u0326', 'STst', 'ȘȚșț'),
        ('\u0327', 'CDEGHKLNRSTcdeghklnrstĆćĔĕ', 'ÇḐȨĢḨĶĻŅŖŞŢçḑȩģḩķļņŗşţḈḉḜḝ'),
        ('\u0328', 'AEIOUaeiouŌō', 'ĄĘĮǪŲąęįǫųǬǭ'),
        ('\u032d', 'DELNTUdelntu', 'ḒḘḼṊṰṶḓḙḽṋṱṷ'),
        ('\u032e', 'Hh', 'Ḫḫ'),
        ('\u0330', 'EIUeiu', 'ḚḬṴḛḭṵ'),
        ('\u0331', 'BDKLNRTZbdhklnrtz', 'ḆḎḴḺṈṞṮẔḇḏẖḵḻṉṟṯẕ'),
        ('\u0344', 'IUiu', 'ḮǗḯǘ'),
    ]) }}
{%- endmacro %}

{#-
    Text from a URL with percent signs and pluses decoded.

    Returns: the decoded text. Text that is not well-formed UTF-8, holds control characters or is longer than 300 characters keeps its
      percent signs.
    Example: khuy%E1%BA%BFn+m%C3%A3i becomes khuyến mãi.
    Do not simplify: on malformed input DuckDB's url_decode fails the whole query, and Spark's writes a question mark.
-#}
{% macro percent_decoded(text) -%}{{ return(adapter.dispatch('percent_decoded', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__percent_decoded(text) -%}
    case when {{ is_percent_encoded(text) }} then url_decode(replace({{ text }}, '+', ' ')) else replace({{ text }}, '+', ' ') end
{%- endmacro %}
{% macro spark__percent_decoded(text) -%}
    case when {{ is_percent_encoded(text) }} then try_url_decode({{ text }}) else replace({{ text }}, '+', ' ') end
{%- endmacro %}
{% macro is_percent_encoded(text) -%}
    {%- set more = '%[89ab][0-9a-f]' -%}
    {%- set characters = [
        '[^%]', '%[2-6][0-9a-f]', '%7[0-9a-e]', '%c[2-9a-f]' ~ more, '%d[0-9a-f]' ~ more, '%e0%[ab][0-9a-f]' ~ more,
        '%e[1-9abcef]' ~ more ~ more, '%ed%[89][0-9a-f]' ~ more, '%f0%[9ab][0-9a-f]' ~ more ~ more, '%f[1-3]' ~ more ~ more ~ more,
        '%f4%8[0-9a-f]' ~ more ~ more,
    ] -%}
    (contains({{ text }}, '%') and length({{ text }}) <= 300 and {{ regex_like('lower(' ~ text ~ ')', "'^(" ~ characters | join('|') ~ ")*" ~ text_end() ~ "'") }})
{%- endmacro %}

{#-
    Typed values from text; null where the text does not have the expected format. The engines' own casts cannot be used alone, because
    each accepts other texts: DuckDB '1_000', 1.5 as the integer 2, 'infinity' and the hour 24; Spark digits of other scripts, 'now', and
    a year alone.
-#}

{#-
    A number from text: digits with an optional sign, decimal point and exponent.

    Parameters: text, an expression; precision and scale of the decimal.
    Returns: the number rounded half up; null if the text is not a number or does not fit.
    Example: {{ text_to_decimal("'1234.5'", 18, 4) }} is 1234.5000
    Do not simplify: the bare casts of the engines accept different texts, DuckDB 1_000 and Spark digits of other scripts.
-#}
{% macro text_to_decimal(text, precision, scale) -%}
    {{ return(adapter.dispatch('text_to_decimal', 'customer_journey')(text, precision, scale)) }}
{%- endmacro %}
{#- The underscore is all that DuckDB accepts beyond the format, and looking for it takes a tenth of the time of a pattern. -#}
{% macro default__text_to_decimal(text, precision, scale) -%}
    case when not contains({{ text }}, '_') then try_cast({{ text }} as decimal({{ precision }}, {{ scale }})) end
{%- endmacro %}
{% macro spark__text_to_decimal(text, precision, scale) -%}
    case when {{ text }} rlike '^[ \\t\\n\\x0b\\f\\r]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?[ \\t\\n\\x0b\\f\\r]*\\z' then try_cast({{ text }} as decimal({{ precision }}, {{ scale }})) end
{%- endmacro %}

{#-
    A whole number from text, as a bigint. '5.0' is valid, because tools such as pandas write integers with a decimal point if their column
    has empty cells. '1.5' gives null, while DuckDB's own cast would round it to 2.
-#}
{% macro text_to_integer(text) -%}
    case when {{ regex_like(text, "'^[+-]?[0-9]+([.]0*)?" ~ text_end() ~ "'") }} then try_cast(split_part({{ text }}, '.', 1) as bigint) end
{%- endmacro %}

{#- A boolean from text: true, t, yes, y, 1 or false, f, no, n, 0, in any case; otherwise null. -#}
{% macro text_to_boolean(text) -%}
    case
        when lower({{ text }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ text }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{#-
    Pattern of the dates and times that are read: a date (2026-01-31 or 2026/1/31), an optional time after T or a space (10:00,
    10:00:00 or 10:00:00.123456789), and an optional offset (Z, ' UTC', +07, +0700 or +07:00). Years are 0001 to 9999.
-#}
{% macro datetime_pattern() -%}
    {%- set date = '([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)[-/][0-9]{1,2}[-/][0-9]{1,2}' -%}
    {%- set time = '([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{0,9})?)?' -%}
    {%- set offset = '(Z| UTC|[+-](0[0-9]|1[0-7])(:?[0-5][0-9])?)' -%}
    '^{{ date }}([T ]{{ time }}{{ offset }}?)?{{ text_end() }}'
{%- endmacro %}

{#-
    A UTC timestamp from text of datetime_pattern; null for other text. A date alone is the first moment of that day in the reporting
    time zone, so that it stays that day. A time without an offset is read as UTC, the time zone of both engines' sessions. Digits
    beyond microseconds are cut off.

    Example: {{ text_to_timestamp("'2026-01-31 10:00+07'") }} is 2026-01-31 03:00:00
    Do not simplify: a bare cast accepts 'infinity' and hour 24 on DuckDB, and 'now' and a year alone on Spark.
-#}
{% macro text_to_timestamp(text) -%}
    case
        when not {{ regex_like(text, datetime_pattern()) }} then null
        when length({{ text }}) <= 10 then {{ start_of_reporting_day("translate(" ~ text ~ ", '/', '-')") }}
        else {{ adapter.dispatch('datetime_to_timestamp', 'customer_journey')(text) }}
    end
{%- endmacro %}
{#- The cast to timestamptz takes three times as long as the one to timestamp, so it is used only for offsets other than UTC. -#}
{% macro default__datetime_to_timestamp(text) -%}
    case
        when ends_with({{ text }}, '+00') or ends_with({{ text }}, 'Z') then try_cast({{ text }} as timestamp)
        else cast(try_cast({{ text }} as timestamptz) as timestamp)
    end
{%- endmacro %}
{#- Spark needs hyphens in the date, and seconds if there is an offset. -#}
{% macro spark__datetime_to_timestamp(text) -%}
    try_cast(regexp_replace(translate({{ text }}, '/', '-'), '^([^:]+:[0-9]{2})([Z +-])', '$1:00$2') as timestamp)
{%- endmacro %}

{#- The date at the beginning of such a text, exactly as written: time and offset do not shift it. -#}
{% macro text_to_date(text) -%}
    case when {{ regex_like(text, datetime_pattern()) }} then try_cast(translate({{ text }}, '/', '-') as date) end
{%- endmacro %}

{#-
    A decimal as text with all its decimal places.

    Do not simplify: Spark's cast writes small decimals as 0E-12 or 1E-7, so hashes would differ from DuckDB's.
-#}
{% macro decimal_to_text(value, scale) -%}{{ return(adapter.dispatch('decimal_to_text', 'customer_journey')(value, scale)) }}{%- endmacro %}
{% macro default__decimal_to_text(value, scale) -%}cast({{ value }} as string){%- endmacro %}
{% macro spark__decimal_to_text(value, scale) -%}replace(format_number({{ value }}, {{ scale }}), ',', ''){%- endmacro %}

{#-
    A double rounded half up, as a decimal; null beyond 30 digits.

    Parameters: value, a double expression; decimals, the number of decimal places.
    Example: {{ round_double('1.005e0', 2) }} is 1.01
    Do not simplify: DuckDB's round gives 1.00 for 1.005 (it rounds the binary value), Spark's 1.01 (it rounds the shortest text).
      Rounding to eight places first removes what arithmetic leaves in the last bits.
-#}
{% macro round_double(value, decimals) -%}{{ return(adapter.dispatch('round_double', 'customer_journey')(value, decimals)) }}{%- endmacro %}
{#- Spark's cast to a decimal goes through text by itself. -#}
{% macro default__round_double(value, decimals) -%}round(try_cast(cast({{ value }} as string) as decimal(38, 8)), {{ decimals }}){%- endmacro %}
{% macro spark__round_double(value, decimals) -%}round(try_cast({{ value }} as decimal(38, 8)), {{ decimals }}){%- endmacro %}

{#-
    A UTC timestamp as local time in the reporting time zone, daylight saving included. The result has no time zone. Example: {{
    to_reporting_time('orders.ordered_at') }}
-#}
{% macro to_reporting_time(timestamp) -%}{{ return(adapter.dispatch('to_reporting_time', 'customer_journey')(timestamp)) }}{%- endmacro %}
{% macro default__to_reporting_time(timestamp) -%}
    (({{ timestamp }}) at time zone 'UTC' at time zone '{{ setting('reporting_timezone') }}')
{%- endmacro %}
{% macro spark__to_reporting_time(timestamp) -%}from_utc_timestamp({{ timestamp }}, '{{ setting('reporting_timezone') }}'){%- endmacro %}

{#-
    First moment of a day in the reporting time zone, in UTC; null for a day that does not exist.

    Parameters: date, an expression of a date or its text.
    Example: {{ start_of_reporting_day("'2026-01-31'") }} in New York is 2026-01-31 05:00:00
    Do not simplify: where the clock is put back at midnight a day has two, of which DuckDB takes the later and Spark the earlier. So
      DuckDB converts the last second of the day before.
-#}
{% macro start_of_reporting_day(date) -%}
    {%- if setting('reporting_timezone') == 'UTC' -%}try_cast({{ date }} as timestamp)
    {%- else -%}{{ return(adapter.dispatch('start_of_reporting_day', 'customer_journey')(date)) }}
    {%- endif -%}
{%- endmacro %}
{% macro default__start_of_reporting_day(date) -%}
    {{ add_seconds(
        "((" ~ add_seconds("try_cast(" ~ date ~ " as timestamp)", -1) ~ ") at time zone '" ~ setting('reporting_timezone')
        ~ "' at time zone 'UTC')", 1
    ) }}
{%- endmacro %}
{% macro spark__start_of_reporting_day(date) -%}to_utc_timestamp(try_cast({{ date }} as timestamp), '{{ setting('reporting_timezone') }}'){%- endmacro %}

{#-
    First day of the month of a date, as a date. Without the cast, date_trunc returns a date on one engine and a timestamp on the
    other.
-#}
{% macro month_of(date) -%}cast(date_trunc('month', {{ date }}) as date){%- endmacro %}
{% macro quarter_of(date) -%}cast(date_trunc('quarter', {{ date }}) as date){%- endmacro %}

{#-
    A timestamp plus a number of seconds, which may be a column or negative. DuckDB and Spark build intervals from columns in
    different ways. add_minutes and add_days build on it.

    Example: {{ add_days('orders.ordered_at', setting('lapse_days')) }}
-#}
{% macro add_seconds(timestamp, seconds) -%}{{ return(adapter.dispatch('add_seconds', 'customer_journey')(timestamp, seconds)) }}{%- endmacro %}
{% macro default__add_seconds(timestamp, seconds) -%}({{ timestamp }} + to_seconds({{ seconds }})){%- endmacro %}
{% macro spark__add_seconds(timestamp, seconds) -%}timestampadd(second, {{ seconds }}, {{ timestamp }}){%- endmacro %}
{% macro add_minutes(timestamp, minutes) -%}{{ add_seconds(timestamp, '60 * (' ~ minutes ~ ')') }}{%- endmacro %}
{% macro add_days(timestamp, days) -%}{{ add_seconds(timestamp, '86400 * (' ~ days ~ ')') }}{%- endmacro %}

{#-
    Microseconds from an earlier to a later timestamp, as a bigint. seconds_between and hours_between build on it; days_between counts
    days between two dates.

    Do not simplify: dbt.datediff rounds differently on the two engines below a day.
-#}
{% macro microseconds_between(earlier, later) -%}{{ return(adapter.dispatch('microseconds_between', 'customer_journey')(earlier, later)) }}{%- endmacro %}
{% macro default__microseconds_between(earlier, later) -%}(epoch_us({{ later }}) - epoch_us({{ earlier }})){%- endmacro %}
{% macro spark__microseconds_between(earlier, later) -%}(unix_micros({{ later }}) - unix_micros({{ earlier }})){%- endmacro %}
{% macro seconds_between(earlier, later) -%}({{ microseconds_between(earlier, later) }} / cast(1000000 as double)){%- endmacro %}
{% macro hours_between(earlier, later) -%}({{ seconds_between(earlier, later) }} / cast(3600 as double)){%- endmacro %}
{% macro days_between(earlier_date, later_date) -%}{{ return(adapter.dispatch('days_between', 'customer_journey')(earlier_date, later_date)) }}{%- endmacro %}
{% macro default__days_between(earlier_date, later_date) -%}({{ later_date }} - {{ earlier_date }}){%- endmacro %}
{% macro spark__days_between(earlier_date, later_date) -%}cast(date_diff({{ later_date }}, {{ earlier_date }}) as bigint){%- endmacro %}

{#-
    A subquery of every day from first_date to last_date, in the column date_day. It is empty if last_date comes first.

    Example: from {{ date_spine("date '2026-01-01'", "date '2026-01-31'") }} as days
    Do not simplify: Spark's sequence counts downwards if the last day comes first, hence the condition.
-#}
{% macro date_spine(first_date, last_date) -%}{{ return(adapter.dispatch('date_spine', 'customer_journey')(first_date, last_date)) }}{%- endmacro %}
{% macro default__date_spine(first_date, last_date) -%}
    (select cast(day_start as date) as date_day from (select unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as day_start))
{%- endmacro %}
{% macro spark__date_spine(first_date, last_date) -%}
    (select explode(sequence(first_date, last_date)) as date_day from (select {{ first_date }} as first_date, {{ last_date }} as last_date) where first_date <= last_date)
{%- endmacro %}

{#- Day of the week of a date: Monday is 1 and Sunday 7, on both engines. -#}
{% macro iso_weekday(date) -%}{{ return(adapter.dispatch('iso_weekday', 'customer_journey')(date)) }}{%- endmacro %}
{% macro default__iso_weekday(date) -%}isodow({{ date }}){%- endmacro %}
{% macro spark__iso_weekday(date) -%}(weekday({{ date }}) + 1){%- endmacro %}

{#-
    Connected components of a graph. Identity resolution uses it: what is connected is one person.

    Parameters: edges, a relation or a query in brackets with the columns low and high, the two ends of an edge, each edge once.
    Returns: a select of node and component. A component is named by its smallest node.
    Example: {{ connected_components(ref('int_identity_edges')) }}
    The DuckDB version is a recursive CTE `using key`, which keeps one row per node.
-#}
{% macro connected_components(edges) -%}{{ return(adapter.dispatch('connected_components', 'customer_journey')(edges)) }}{%- endmacro %}
{% macro default__connected_components(edges) -%}
    with recursive neighbours as materialized (
        select low as node, high as neighbour from {{ edges }}
        union all
        select high as node, low as neighbour from {{ edges }}
    ),

    components (node, component) using key (node) as (
        select node, least(node, min(neighbour)) as component from neighbours group by node
        union
        select
            neighbours.neighbour as node,
            min(components.component) as component
        from components
        inner join neighbours on components.node = neighbours.node
        inner join recurring.components as known on neighbours.neighbour = known.node
        where components.component < known.component
        group by neighbours.neighbour
    )

    select node, component from components
{%- endmacro %}

{#-
    Spark version of connected_components: rounds of pointer jumping. Each node points at its smallest neighbour, pointers are
    followed two steps further, and edges are drawn between the nodes pointed at, until no edge is left.

    Do not simplify: Spark's recursive CTE cannot drop rows that it already has, so it would keep all paths. Each round is a table, so
      that a lost worker costs one round and not all of them. The model drops the tables with drop_round_tables as its post-hook.
-#}
{% macro spark__connected_components(edges) -%}
    {%- if not execute or flags.WHICH not in ['build', 'run'] -%}
        {{ return("select cast(null as string) as node, cast(null as string) as component where false") }}
    {%- endif -%}
    {%- set round = namespace(edges=edges, labels=none, edge_count=1) -%}
    {%- do drop_round_tables() -%}
    {%- for number in range(1, 200) if round.edge_count > 0 -%}
        {%- set pointers = round_table(number, 'pointers') -%}
        {%- set labels = round_table(number, 'labels') -%}
        {%- set drawn = round_table(number, 'edges') -%}
        {%- do run_query(
            'create table ' ~ pointers ~ ' as with directed as (select low as node, high as neighbour from ' ~ round.edges
            ~ ' union all select high as node, low as neighbour from ' ~ round.edges ~ '),'
            ~ ' nearest as (select node, least(node, min(neighbour)) as pointer from directed group by node)'
            ~ ' select nearest.node, third.pointer from nearest'
            ~ ' inner join nearest as second on nearest.pointer = second.node'
            ~ ' inner join nearest as third on second.pointer = third.node'
        ) -%}
        {%- if round.labels is none -%}
            {%- do run_query('create table ' ~ labels ~ ' as select node, pointer as component from ' ~ pointers) -%}
        {%- else -%}
            {%- do run_query(
                'create table ' ~ labels ~ ' as select labels.node, coalesce(pointers.pointer, labels.component) as component from '
                ~ round.labels ~ ' as labels left join ' ~ pointers ~ ' as pointers on labels.component = pointers.node'
            ) -%}
        {%- endif -%}
        {%- do run_query(
            'create table ' ~ drawn ~ ' as select distinct least(one.pointer, other.pointer) as low,'
            ~ ' greatest(one.pointer, other.pointer) as high from ' ~ round.edges ~ ' as edges'
            ~ ' inner join ' ~ pointers ~ ' as one on edges.low = one.node'
            ~ ' inner join ' ~ pointers ~ ' as other on edges.high = other.node'
            ~ ' where one.pointer <> other.pointer'
        ) -%}
        {%- set round.edges = drawn -%}
        {%- set round.labels = labels -%}
        {%- set round.edge_count = run_query('select count(*) from ' ~ drawn).rows[0][0] -%}
    {%- endfor -%}
    {%- if round.edge_count > 0 -%}
        {{ exceptions.raise_compiler_error("Persons are linked by chains that 199 rounds did not resolve: lower identity_max_links, or look for a hub.") }}
    {%- endif -%}
    select node, component from {{ round.labels }}
{%- endmacro %}

{#- Relation of a helper table for one round of a model that computes in rounds, such as MODEL__edges_3. -#}
{% macro round_table(number, what) -%}
    {{ return(api.Relation.create(database=this.database, schema=this.schema, identifier=this.identifier ~ '__' ~ what ~ '_' ~ number)) }}
{%- endmacro %}

{#- Post-hook: drops the helper tables of a model that computes in rounds. -#}
{% macro drop_round_tables() -%}{{ return(adapter.dispatch('drop_round_tables', 'customer_journey')()) }}{%- endmacro %}
{% macro default__drop_round_tables() -%}
    {%- if execute -%}
        {%- for row in run_query("select table_name from information_schema.tables where table_schema = '" ~ this.schema ~ "' and starts_with(table_name, '" ~ this.identifier ~ "__')").rows -%}
            {%- do run_query('drop table ' ~ this.schema ~ '.' ~ row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
{% macro spark__drop_round_tables() -%}
    {%- if execute -%}
        {%- for row in run_query("show tables in " ~ this.schema ~ " like '" ~ this.identifier ~ "__*'").rows -%}
            {%- do run_query('drop table ' ~ this.schema ~ '.' ~ row[1]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}

{#-
    A date plus a number of months, as a date; the 31st becomes the last day of a shorter month. DuckDB's interval addition alone
    would return a timestamp.
-#}
{% macro add_months(date, months) -%}{{ return(adapter.dispatch('add_months', 'customer_journey')(date, months)) }}{%- endmacro %}
{% macro default__add_months(date, months) -%}cast({{ date }} + to_months({{ months }}) as date){%- endmacro %}
{% macro spark__add_months(date, months) -%}add_months({{ date }}, {{ months }}){%- endmacro %}

{#-
    Last line of a mart: the order in which its rows are written. Sorted by person and time the file is smaller, and reading one
    person touches little of it.

    Parameters: columns, as after order by.
    Returns: an order by clause on DuckDB and nothing on Spark, where it would sort all rows over the whole cluster.
-#}
{% macro in_order_of(columns) -%}{{ return(adapter.dispatch('in_order_of', 'customer_journey')(columns)) }}{%- endmacro %}
{% macro default__in_order_of(columns) -%}order by {{ columns }}{%- endmacro %}
{% macro spark__in_order_of(columns) -%}{%- endmacro %}

{#-
    Several quantiles of a group as a list. A quantile is the smallest value that at least this share of the values do not exceed; missing
    values do not count. DuckDB keeps the values of a group once for the whole list.

    Parameters: value, an expression; shares, numbers between 0 and 1.
    Returns: an aggregate; list_entry takes one quantile out of it.
    Example: {{ quantiles_of('hours', [0.25, 0.5]) }} as quantiles
-#}
{% macro quantiles_of(value, shares) -%}{{ return(adapter.dispatch('quantiles_of', 'customer_journey')(value, shares)) }}{%- endmacro %}
{% macro default__quantiles_of(value, shares) -%}quantile_disc({{ value }}, {{ "'['"[1:-1] }}{{ shares | join(', ') }}{{ "']'"[1:-1] }}){%- endmacro %}
{% macro spark__quantiles_of(value, shares) -%}
    array({%- for share in shares -%}percentile_disc({{ share }}) within group (order by {{ value }}){{ ', ' if not loop.last }}{%- endfor -%})
{%- endmacro %}

{#- Entry of a list by its place; the first is 1. -#}
{% macro list_entry(list, place) -%}{{ return(adapter.dispatch('list_entry', 'customer_journey')(list, place)) }}{%- endmacro %}
{% macro default__list_entry(list, place) -%}list_extract({{ list }}, {{ place }}){%- endmacro %}
{% macro spark__list_entry(list, place) -%}element_at({{ list }}, {{ place }}){%- endmacro %}

{#- Entries of a text separated by ;, one row each. Use it in the select list. -#}
{% macro list_entries(text) -%}{{ return(adapter.dispatch('list_entries', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__list_entries(text) -%}unnest(string_split({{ text }}, ';')){%- endmacro %}
{% macro spark__list_entries(text) -%}explode(split({{ text }}, ';')){%- endmacro %}

{#- All matches of a regular expression in a text, one row each. Use it in the select list. -#}
{% macro matches(text, pattern) -%}{{ return(adapter.dispatch('matches', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__matches(text, pattern) -%}unnest(regexp_extract_all({{ text }}, {{ pattern }})){%- endmacro %}
{% macro spark__matches(text, pattern) -%}explode(regexp_extract_all({{ text }}, {{ pattern }}, 0)){%- endmacro %}

{#-
    The text that a base64 text encodes; null if it encodes none. Both alphabets are read, and padding may be missing.

    Parameters: token, an expression of letters, digits and the signs + / - _ only.
-#}
{% macro base64_decoded(token) -%}
    {%- set padded = "rpad(translate(" ~ token ~ ", '-_', '+/'), cast(ceil(length(" ~ token ~ ") / 4.0) as int) * 4, '=')" -%}
    {{ return(adapter.dispatch('base64_decoded', 'customer_journey')(padded)) }}
{%- endmacro %}
{% macro default__base64_decoded(padded) -%}try(decode(from_base64({{ padded }}))){%- endmacro %}
{% macro spark__base64_decoded(padded) -%}cast(try_to_binary({{ padded }}, 'base64') as string){%- endmacro %}

{#-
    Runs a statement that replaces a table by the rows of a select.

    Parameters: relation; select_statement as text.
    Do not simplify: plain Spark tables support neither create or replace nor delete, so Spark drops the table first.
-#}
{% macro replace_table(relation, select_statement) -%}{{ return(adapter.dispatch('replace_table', 'customer_journey')(relation, select_statement)) }}{%- endmacro %}
{% macro default__replace_table(relation, select_statement) -%}
    {%- do run_query('create or replace table ' ~ relation ~ ' as ' ~ select_statement) -%}
{%- endmacro %}
{% macro spark__replace_table(relation, select_statement) -%}
    {%- do run_query('drop table if exists ' ~ relation) -%}
    {%- do run_query('create table ' ~ relation ~ ' as ' ~ select_statement) -%}
{%- endmacro %}

{#- A Jinja text as an SQL literal with its quotes. In Spark a backslash escapes, also the quote; in DuckDB a quote is doubled. -#}
{% macro string_literal(value) -%}{{ return(adapter.dispatch('string_literal', 'customer_journey')(value)) }}{%- endmacro %}
{% macro default__string_literal(value) -%}{{ return("'" ~ (value | replace("'", "''")) ~ "'") }}{%- endmacro %}
{% macro spark__string_literal(value) -%}{{ return("'" ~ (value | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'") }}{%- endmacro %}

{#-
    Texts of a group joined into one text; null if there is none.

    Parameters: text, an expression; order_by, an expression without ties, or the result depends on the engine; separator.
    Example: {{ text_list('stage', 'rank', ' > ') }}
-#}
{% macro text_list(text, order_by, separator) -%}{{ return(adapter.dispatch('text_list', 'customer_journey')(text, order_by, separator)) }}{%- endmacro %}
{% macro default__text_list(text, order_by, separator) -%}string_agg({{ text }}, '{{ separator }}' order by {{ order_by }}){%- endmacro %}
{% macro spark__text_list(text, order_by, separator) -%}
    case when count({{ text }}) > 0 then array_join(transform(array_sort(collect_list(case when {{ text }} is not null then struct({{ order_by }} as place, {{ text }} as entry) end)), listed -> listed.entry), '{{ separator }}') end
{%- endmacro %}

{#-
    Whole number from 0 to 2^48 - 1 from a text, equal on both engines. The sum of these numbers over a set of rows is a fingerprint
    of the set that does not depend on the order of rows.
-#}
{% macro hash_number(text) -%}{{ hex_to_bigint('substr(md5(' ~ text ~ '), 1, 12)') }}{%- endmacro %}

{#-
    Sum of a term, a double, over the whole numbers from first to last.

    Parameters: first and last, expressions; number, the name that stands for the number in term; term, an expression.
    Returns: a double, 0 if last is before first.
    Example: {{ sum_over(1, 3, 'n', 'n * 2e0') }} is 12
-#}
{% macro sum_over(first, last, number, term) -%}{{ return(adapter.dispatch('sum_over', 'customer_journey')(first, last, number, term)) }}{%- endmacro %}
{% macro default__sum_over(first, last, number, term) -%}
    case when {{ first }} <= {{ last }} then list_sum([{{ term }} for {{ number }} in range(cast({{ first }} as bigint), cast({{ last }} as bigint) + 1)]) else 0e0 end
{%- endmacro %}
{% macro spark__sum_over(first, last, number, term) -%}
    aggregate(case when {{ first }} <= {{ last }} then sequence(cast({{ first }} as bigint), cast({{ last }} as bigint)) else array() end, 0e0, (total, {{ number }}) -> total + {{ term }})
{%- endmacro %}

{#-
    Natural logarithm of n!, for n of 0 or more. Spark has no gamma function: it takes Stirling's series at n + 8 and subtracts the
    logarithm of the surplus factors (Abramowitz and Stegun 6.1.40).
-#}
{% macro log_factorial(n) -%}{{ return(adapter.dispatch('log_factorial', 'customer_journey')(n)) }}{%- endmacro %}
{% macro default__log_factorial(n) -%}lgamma({{ n }} + 1e0){%- endmacro %}
{% macro spark__log_factorial(n) -%}
    {%- set w = '(' ~ n ~ ' + 8e0)' -%}
    (
        ({{ w }} - 5e-1) * ln({{ w }}) - {{ w }} + 9.189385332046728e-1
        + (1e0 / 12e0 - (1e0 / 360e0 - (1e0 / 1260e0 - (1e0 / 1680e0 - 1e0 / (1188e0 * {{ w }} * {{ w }})) / ({{ w }} * {{ w }})) / ({{ w }} * {{ w }})) / ({{ w }} * {{ w }})) / {{ w }}
        - ln(({{ n }} + 1e0) * ({{ n }} + 2e0) * ({{ n }} + 3e0) * ({{ n }} + 4e0) * ({{ n }} + 5e0) * ({{ n }} + 6e0) * ({{ n }} + 7e0))
    )
{%- endmacro %}
