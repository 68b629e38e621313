{#-
    Everything that DuckDB and Spark spell or answer differently, in one place. A model never uses such a construct itself.
    Each macro dispatches on the engine; `default__` is DuckDB's.
-#}

{#-
    A keyed hash of the parts: the first 128 bits, 32 digits, of sha256 over the session's key and the parts. Nulls count as empty, the
    key never stands in SQL. `key` is hash_key, or last_hash_key: that before the last `journey rotate-key`, 'none' where there was none.
-#}
{% macro keyed_hash(parts, key='hash_key') -%}{{ return(adapter.dispatch('keyed_hash', 'customer_journey')(parts, key)) }}{%- endmacro %}
{% macro default__keyed_hash(parts, key) -%}
    substr(sha256(concat_ws('|', getvariable('{{ key }}'){% for part in parts %}, coalesce(cast({{ part }} as string), ''){% endfor %})), 1, 32)
{%- endmacro %}
{% macro spark__keyed_hash(parts, key) -%}
    substr(sha2(concat_ws('|', '${spark.journey.{{ key }}}'{% for part in parts %}, coalesce(cast({{ part }} as string), ''){% endfor %}), 256), 1, 32)
{%- endmacro %}

{#-
    On-run-start: no hash without the key, nor with another one than the build step has hashed this warehouse with; on DuckDB the plugin that
    hands out the key sees to both. A Spark session that was not given it puts nothing in its place, without a word, leaves the
    text alone where it is set not to replace variables, and hands out the same few signs for every key that looks like a secret to
    it. Each way anybody could undo the hashes.
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
    The key by which persons and other entities are joined: the first 60 bits of their hashed id, as a bigint. Keys stand in the order of
    the ids, and are as stable as these; the test person_key_is_unique guards that no two persons share one. 0 is the key of 'unknown'.
-#}
{% macro key_of(id) -%}case when {{ id }} = 'unknown' then 0 else {{ hex_to_bigint('substr(' ~ id ~ ', 1, 15)') }} end{%- endmacro %}

{#- The number that up to 15 hexadecimal digits write. -#}
{% macro hex_to_bigint(digits) -%}{{ return(adapter.dispatch('hex_to_bigint', 'customer_journey')(digits)) }}{%- endmacro %}
{% macro default__hex_to_bigint(digits) -%}cast('0x' || {{ digits }} as bigint){%- endmacro %}
{% macro spark__hex_to_bigint(digits) -%}cast(conv({{ digits }}, 16, 10) as bigint){%- endmacro %}

{#- Regular expressions: DuckDB matches with a function, Spark with an operator; DuckDB replaces only the first match unless told. -#}
{% macro regex_like(text, pattern) -%}{{ return(adapter.dispatch('regex_like', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__regex_like(text, pattern) -%}regexp_matches({{ text }}, {{ pattern }}){%- endmacro %}
{% macro spark__regex_like(text, pattern) -%}({{ text }} rlike {{ pattern }}){%- endmacro %}

{% macro regex_remove(text, pattern) -%}{{ return(adapter.dispatch('regex_remove', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__regex_remove(text, pattern) -%}regexp_replace({{ text }}, {{ pattern }}, '', 'g'){%- endmacro %}
{% macro spark__regex_remove(text, pattern) -%}regexp_replace({{ text }}, {{ pattern }}, ''){%- endmacro %}

{#- Every match replaced; `\1` in the replacement is the first group. Spark says `$1`, and DuckDB replaces one match alone unless told. -#}
{% macro regex_replace(text, pattern, replacement) -%}{{ return(adapter.dispatch('regex_replace', 'customer_journey')(text, pattern, replacement)) }}{%- endmacro %}
{% macro default__regex_replace(text, pattern, replacement) -%}regexp_replace({{ text }}, {{ pattern }}, '{{ replacement }}', 'g'){%- endmacro %}
{% macro spark__regex_replace(text, pattern, replacement) -%}regexp_replace({{ text }}, {{ pattern }}, '{{ replacement | replace('\\', '$') }}'){%- endmacro %}

{#- Inside the brackets of a character class: white space. Java's expressions know no POSIX classes. -#}
{% macro whitespace() -%}{{ return(adapter.dispatch('whitespace', 'customer_journey')()) }}{%- endmacro %}
{% macro default__whitespace() -%}[:space:]{%- endmacro %}
{% macro spark__whitespace() -%}\\s{%- endmacro %}

{#-
    Inside a pattern: the end of the text. `$` means that too, but for Java also the place before a last line break.
-#}
{% macro text_end() -%}{{ return(adapter.dispatch('text_end', 'customer_journey')()) }}{%- endmacro %}
{% macro default__text_end() -%}\z{%- endmacro %}
{% macro spark__text_end() -%}\\z{%- endmacro %}

{#- Text without the blanks at its ends. DuckDB trims those of every script (no-break, ideographic, …), Spark the plain one alone. -#}
{% macro trimmed(text) -%}{{ return(adapter.dispatch('trimmed', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__trimmed(text) -%}trim({{ text }}){%- endmacro %}
{% macro spark__trimmed(text) -%}
    trim(both ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000' from {{ text }})
{%- endmacro %}

{#- Lower case, letter by letter. Spark gives the Turkish İ a second character, and a sigma that ends a word a letter of its own. -#}
{% macro lower_case(text) -%}{{ return(adapter.dispatch('lower_case', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__lower_case(text) -%}lower({{ text }}){%- endmacro %}
{% macro spark__lower_case(text) -%}lower(translate({{ text }}, 'İΣ', 'iσ')){%- endmacro %}

{#-
    Text in Unicode NFC: a letter and its marks as one character, however they were typed or percent-encoded. What has landed is NFC
    already; this is for what models decode. Spark has no function for it: there each letter and mark of Latin and Cyrillic scripts is
    replaced, letters without a mark first, so that a second mark finds the letter that the first one made. Two marks have a second code.
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
{#- The mark, the letters that it goes with, and what they make together; also where two marks came in the other order. -#}
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
    Text of an address with its percent signs and pluses read (khuy%E1%BA%BFn+m%C3%A3i). What is no well-formed UTF-8, holds control
    characters or is longer than any tag stays as it is: DuckDB refuses the one, Spark puts a question mark for it.
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
    Text to types, null where the text does not have the format. The engines' own casts accept more, each something else: DuckDB '1_000',
    1.5 as the integer 2, 'infinity' and the hour 24, Spark other scripts' digits, 'now', and a year alone.
-#}

{#- Digits with an optional sign, decimal point and exponent; rounded half up, null where the digits do not fit. -#}
{% macro text_to_decimal(text, precision, scale) -%}
    {{ return(adapter.dispatch('text_to_decimal', 'customer_journey')(text, precision, scale)) }}
{%- endmacro %}
{#- the underscore is all that DuckDB accepts beyond the format, and looking for it costs a tenth of a pattern -#}
{% macro default__text_to_decimal(text, precision, scale) -%}
    case when not contains({{ text }}, '_') then try_cast({{ text }} as decimal({{ precision }}, {{ scale }})) end
{%- endmacro %}
{% macro spark__text_to_decimal(text, precision, scale) -%}
    case when {{ text }} rlike '^[ \\t\\n\\x0b\\f\\r]*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?[ \\t\\n\\x0b\\f\\r]*\\z' then try_cast({{ text }} as decimal({{ precision }}, {{ scale }})) end
{%- endmacro %}

{#- Digits with an optional sign. '5.0' is one too, as tools write integers that may be missing; 1.5 is none. -#}
{% macro text_to_integer(text) -%}
    case when {{ regex_like(text, "'^[+-]?[0-9]+([.]0*)?" ~ text_end() ~ "'") }} then try_cast(split_part({{ text }}, '.', 1) as bigint) end
{%- endmacro %}

{% macro text_to_boolean(text) -%}
    case
        when lower({{ text }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ text }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{#-
    A date (2026-01-31, 2026/1/31), then perhaps T or a blank and the time (10:00, 10:00:00, 10:00:00.123456789), then perhaps the offset
    (Z, ' UTC', +07, +0700, +07:00). The years are 0001 to 9999.
-#}
{% macro datetime_pattern() -%}
    {%- set date = '([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)[-/][0-9]{1,2}[-/][0-9]{1,2}' -%}
    {%- set time = '([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{0,9})?)?' -%}
    {%- set offset = '(Z| UTC|[+-](0[0-9]|1[0-7])(:?[0-5][0-9])?)' -%}
    '^{{ date }}([T ]{{ time }}{{ offset }}?)?{{ text_end() }}'
{%- endmacro %}

{#- The sessions of both engines run in UTC, so text without an offset is read as UTC. What is finer than microseconds is cut off. -#}
{% macro text_to_timestamp(text) -%}
    case when {{ regex_like(text, datetime_pattern()) }} then {{ adapter.dispatch('datetime_to_timestamp', 'customer_journey')(text) }} end
{%- endmacro %}
{#- the cast that heeds an offset costs three times the one that does not: it is for those that move the time -#}
{% macro default__datetime_to_timestamp(text) -%}
    case
        when ends_with({{ text }}, '+00') or ends_with({{ text }}, 'Z') then try_cast({{ text }} as timestamp)
        else cast(try_cast({{ text }} as timestamptz) as timestamp)
    end
{%- endmacro %}
{#- Spark wants hyphens, and seconds where there is an offset -#}
{% macro spark__datetime_to_timestamp(text) -%}
    try_cast(regexp_replace(translate({{ text }}, '/', '-'), '^([^:]+:[0-9]{2})([Z +-])', '$1:00$2') as timestamp)
{%- endmacro %}

{#- The date of such a text, as it stands there: neither its time nor its offset moves it. -#}
{% macro text_to_date(text) -%}
    case when {{ regex_like(text, datetime_pattern()) }} then try_cast(translate({{ text }}, '/', '-') as date) end
{%- endmacro %}

{#- A decimal as text, all its decimals written out: Spark writes 0E-12 and 1E-7 for what is small. -#}
{% macro decimal_to_text(value, scale) -%}{{ return(adapter.dispatch('decimal_to_text', 'customer_journey')(value, scale)) }}{%- endmacro %}
{% macro default__decimal_to_text(value, scale) -%}cast({{ value }} as string){%- endmacro %}
{% macro spark__decimal_to_text(value, scale) -%}replace(format_number({{ value }}, {{ scale }}), ',', ''){%- endmacro %}

{#-
    A double rounded half up, as a decimal; null where it is beyond 30 digits. DuckDB rounds what it has multiplied (1.005 becomes 1.00),
    Spark the shortest text of the double (1.01). Rounding to eight decimals first takes away what arithmetic left in the last bits.
-#}
{% macro round_double(value, decimals) -%}{{ return(adapter.dispatch('round_double', 'customer_journey')(value, decimals)) }}{%- endmacro %}
{#- casting to text is what Spark's cast to a decimal does by itself -#}
{% macro default__round_double(value, decimals) -%}round(try_cast(cast({{ value }} as string) as decimal(38, 8)), {{ decimals }}){%- endmacro %}
{% macro spark__round_double(value, decimals) -%}round(try_cast({{ value }} as decimal(38, 8)), {{ decimals }}){%- endmacro %}

{#- A UTC timestamp as the clock of the reporting time zone shows it; the zone's own rules for daylight saving apply. -#}
{% macro to_reporting_time(timestamp) -%}{{ return(adapter.dispatch('to_reporting_time', 'customer_journey')(timestamp)) }}{%- endmacro %}
{% macro default__to_reporting_time(timestamp) -%}
    (({{ timestamp }}) at time zone 'UTC' at time zone '{{ setting('reporting_timezone') }}')
{%- endmacro %}
{% macro spark__to_reporting_time(timestamp) -%}from_utc_timestamp({{ timestamp }}, '{{ setting('reporting_timezone') }}'){%- endmacro %}

{% macro reporting_date(timestamp) -%}cast({{ to_reporting_time(timestamp) }} as date){%- endmacro %}

{#- Truncating a date gives a date on one engine and a timestamp on the other. -#}
{% macro month_of(date) -%}cast(date_trunc('month', {{ date }}) as date){%- endmacro %}
{% macro quarter_of(date) -%}cast(date_trunc('quarter', {{ date }}) as date){%- endmacro %}

{#- Adding an interval: DuckDB's multiplication takes a column; Spark wants make_interval. -#}
{% macro add_seconds(timestamp, seconds) -%}{{ return(adapter.dispatch('add_seconds', 'customer_journey')(timestamp, seconds)) }}{%- endmacro %}
{% macro default__add_seconds(timestamp, seconds) -%}({{ timestamp }} + to_seconds({{ seconds }})){%- endmacro %}
{% macro spark__add_seconds(timestamp, seconds) -%}timestampadd(second, {{ seconds }}, {{ timestamp }}){%- endmacro %}
{% macro add_minutes(timestamp, minutes) -%}{{ add_seconds(timestamp, '60 * (' ~ minutes ~ ')') }}{%- endmacro %}
{% macro add_days(timestamp, days) -%}{{ add_seconds(timestamp, '86400 * (' ~ days ~ ')') }}{%- endmacro %}

{#- Differences: dbt.datediff rounds differently on the two engines below a day. -#}
{% macro microseconds_between(earlier, later) -%}{{ return(adapter.dispatch('microseconds_between', 'customer_journey')(earlier, later)) }}{%- endmacro %}
{% macro default__microseconds_between(earlier, later) -%}(epoch_us({{ later }}) - epoch_us({{ earlier }})){%- endmacro %}
{% macro spark__microseconds_between(earlier, later) -%}(unix_micros({{ later }}) - unix_micros({{ earlier }})){%- endmacro %}
{% macro seconds_between(earlier, later) -%}({{ microseconds_between(earlier, later) }} / cast(1000000 as double)){%- endmacro %}
{% macro hours_between(earlier, later) -%}({{ seconds_between(earlier, later) }} / cast(3600 as double)){%- endmacro %}
{% macro days_between(earlier_date, later_date) -%}{{ return(adapter.dispatch('days_between', 'customer_journey')(earlier_date, later_date)) }}{%- endmacro %}
{% macro default__days_between(earlier_date, later_date) -%}({{ later_date }} - {{ earlier_date }}){%- endmacro %}
{% macro spark__days_between(earlier_date, later_date) -%}cast(date_diff({{ later_date }}, {{ earlier_date }}) as bigint){%- endmacro %}

{#- Every day from the first to the last, as a table with the column date_day; none where the last comes first, from which Spark counts down. -#}
{% macro date_spine(first_date, last_date) -%}{{ return(adapter.dispatch('date_spine', 'customer_journey')(first_date, last_date)) }}{%- endmacro %}
{% macro default__date_spine(first_date, last_date) -%}
    (select cast(day_start as date) as date_day from (select unnest(generate_series({{ first_date }}, {{ last_date }}, interval 1 day)) as day_start))
{%- endmacro %}
{% macro spark__date_spine(first_date, last_date) -%}
    (select explode(sequence(first_date, last_date)) as date_day from (select {{ first_date }} as first_date, {{ last_date }} as last_date) where first_date <= last_date)
{%- endmacro %}

{#- Monday is 1 and Sunday 7 on both. -#}
{% macro iso_weekday(date) -%}{{ return(adapter.dispatch('iso_weekday', 'customer_journey')(date)) }}{%- endmacro %}
{% macro default__iso_weekday(date) -%}isodow({{ date }}){%- endmacro %}
{% macro spark__iso_weekday(date) -%}(weekday({{ date }}) + 1){%- endmacro %}

{#-
    Connected components over the table `edges` (low, high: two ends of an edge, each edge once): a table of
    node, component, where the component is named by its least node. DuckDB keeps one row a node while it recurses.
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
    Spark's recursion can't leave out what it has already: so each node points at its least neighbour, pointers are followed two steps
    further, edges are drawn between what they point at, until no edge is left. Every round is a table, so that a lost worker costs one.
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

{#- A table of one round of a model that is worked out in rounds, beside that model. -#}
{% macro round_table(number, what) -%}
    {{ return(api.Relation.create(database=this.database, schema=this.schema, identifier=this.identifier ~ '__' ~ what ~ '_' ~ number)) }}
{%- endmacro %}

{#- The tables of a model's rounds go when it is there: it calls this as its post-hook. -#}
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

{#- A date some months later, as a date: DuckDB's interval addition makes it a timestamp. -#}
{% macro add_months(date, months) -%}{{ return(adapter.dispatch('add_months', 'customer_journey')(date, months)) }}{%- endmacro %}
{% macro default__add_months(date, months) -%}cast({{ date }} + to_months({{ months }}) as date){%- endmacro %}
{% macro spark__add_months(date, months) -%}add_months({{ date }}, {{ months }}){%- endmacro %}

{#-
    Ends a mart by the order that its rows are written in: by person and time the file is smaller, and whoever asks for one person reads
    little of it. Spark would bring all rows into one order over the whole cluster, and keeps files of its own: there it is nothing.
-#}
{% macro in_order_of(columns) -%}{{ return(adapter.dispatch('in_order_of', 'customer_journey')(columns)) }}{%- endmacro %}
{% macro default__in_order_of(columns) -%}order by {{ columns }}{%- endmacro %}
{% macro spark__in_order_of(columns) -%}{%- endmacro %}

{#- The entries of a text with ; between them, one a row. -#}
{% macro list_entries(text) -%}{{ return(adapter.dispatch('list_entries', 'customer_journey')(text)) }}{%- endmacro %}
{% macro default__list_entries(text) -%}unnest(string_split({{ text }}, ';')){%- endmacro %}
{% macro spark__list_entries(text) -%}explode(split({{ text }}, ';')){%- endmacro %}

{#- The parts of a text that a pattern matches, one a row. -#}
{% macro matches(text, pattern) -%}{{ return(adapter.dispatch('matches', 'customer_journey')(text, pattern)) }}{%- endmacro %}
{% macro default__matches(text, pattern) -%}unnest(regexp_extract_all({{ text }}, {{ pattern }})){%- endmacro %}
{% macro spark__matches(text, pattern) -%}explode(regexp_extract_all({{ text }}, {{ pattern }}, 0)){%- endmacro %}

{#- Puts the rows of a select in the place of a table: Spark's plain tables cannot be replaced, updated or deleted from. -#}
{% macro replace_table(relation, select_statement) -%}{{ return(adapter.dispatch('replace_table', 'customer_journey')(relation, select_statement)) }}{%- endmacro %}
{% macro default__replace_table(relation, select_statement) -%}
    {%- do run_query('create or replace table ' ~ relation ~ ' as ' ~ select_statement) -%}
{%- endmacro %}
{% macro spark__replace_table(relation, select_statement) -%}
    {%- do run_query('drop table if exists ' ~ relation) -%}
    {%- do run_query('create table ' ~ relation ~ ' as ' ~ select_statement) -%}
{%- endmacro %}

{#- Text as a literal: in Spark's a backslash escapes, also the quote. -#}
{% macro string_literal(value) -%}{{ return(adapter.dispatch('string_literal', 'customer_journey')(value)) }}{%- endmacro %}
{% macro default__string_literal(value) -%}{{ return("'" ~ (value | replace("'", "''")) ~ "'") }}{%- endmacro %}
{% macro spark__string_literal(value) -%}{{ return("'" ~ (value | replace('\\', '\\\\') | replace("'", "\\'")) ~ "'") }}{%- endmacro %}

{#- The texts of a group in one, in an order that leaves no ties; null where there is none. -#}
{% macro text_list(text, order_by, separator) -%}{{ return(adapter.dispatch('text_list', 'customer_journey')(text, order_by, separator)) }}{%- endmacro %}
{% macro default__text_list(text, order_by, separator) -%}string_agg({{ text }}, '{{ separator }}' order by {{ order_by }}){%- endmacro %}
{% macro spark__text_list(text, order_by, separator) -%}
    case when count({{ text }}) > 0 then array_join(transform(array_sort(collect_list(case when {{ text }} is not null then struct({{ order_by }} as place, {{ text }} as entry) end)), listed -> listed.entry), '{{ separator }}') end
{%- endmacro %}

{#- A whole number from a text, 0 to 2^48 - 1 and the same on both engines: summed, it tells sets of rows apart in any order. -#}
{% macro hash_number(text) -%}{{ hex_to_bigint('substr(md5(' ~ text ~ '), 1, 12)') }}{%- endmacro %}

{#- The sum of `term`, a double, over each whole number from `first` to `last`, by the name that `number` is: 0 of no numbers, null of null terms. -#}
{% macro sum_over(first, last, number, term) -%}{{ return(adapter.dispatch('sum_over', 'customer_journey')(first, last, number, term)) }}{%- endmacro %}
{% macro default__sum_over(first, last, number, term) -%}
    case when {{ first }} <= {{ last }} then list_sum([{{ term }} for {{ number }} in range(cast({{ first }} as bigint), cast({{ last }} as bigint) + 1)]) else 0e0 end
{%- endmacro %}
{% macro spark__sum_over(first, last, number, term) -%}
    aggregate(case when {{ first }} <= {{ last }} then sequence(cast({{ first }} as bigint), cast({{ last }} as bigint)) else array() end, 0e0, (total, {{ number }}) -> total + {{ term }})
{%- endmacro %}

{#-
    The logarithm of n! for n of 0 or more. Spark has no gamma function: Stirling's series at n + 8, less the logarithm of what that has too much
    (Abramowitz and Stegun 6.1.40).
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
