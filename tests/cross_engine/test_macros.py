"""Every macro of macros/cross_engine.sql, and what is built of them, on both engines.

What is expected was worked out by hand, from calendars, tables of daylight saving and the formats' own rules.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from tests.cross_engine.conftest import HASH_KEY
from tests.support.macros import Macros

Query = Callable[[str], Sequence[tuple[Any, ...]]]
Values = str | None | tuple[str | None, ...]


class Cases(NamedTuple):
    """A call of a macro over the columns x, y, z, all of them text, and what it gives, as text."""

    call: str
    expected: Mapping[Values, str | None]
    settings: Mapping[str, Any] = {}


def sha256(*parts: str) -> str:
    return hashlib.sha256("|".join((HASH_KEY, *parts)).encode()).hexdigest()[:32]


# What runs statements or makes names instead of giving an expression.
NO_EXPRESSIONS = {
    "drop_round_tables", "ensure_hash_key", "in_order_of", "load_csv_rows", "replace_table", "schema_prefix",
}  # fmt: skip


def nothing(*texts: str | None) -> dict[Values, str | None]:
    """Expect null for each of the texts; `|` parts the texts of an argument."""
    return {part: None for text in texts for part in (text.split("|") if text else [text])}


def wide(text: str) -> str:
    """Write ASCII in the full-width characters that Asian keyboards give."""
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


NOT_NUMBERS = nothing(
    None,
    "",
    " |-|+|.|1_000|1__0|1,5|1 000|NaN|Infinity|inf|0x1F|0b11|1e|--1|+-1|1.2.3|12a|1d|5L|$5|1e400",
    "\u0663|\u066b5|\u00a05",
)
NOT_TIMES = nothing(
    None,
    "",
    "2026|2026-1|2026-01|2026-02-30|2025-02-29|2026-13-01|2026-00-10|2026-01-00|20260101|20260101T100000Z|01/02/2026",
    "99-01-01|0000-01-01|-0001-01-01|10000-01-01|+10000-01-01|2026-W01-1|2026-001|2026-01-01 (BC)|2026-01-01 BC",
    "epoch|now|today|infinity|-infinity|10:00:00|T10:00:00|1767225600|2026-01-01T|2026-01-01 10|2026-01-01Z",
    "2026-01-01+07:00|2026-01-01 24:00:00|2026-01-01 23:59:60|2026-01-01 10:60:00|2026-01-01 10:00:00,5",
    "2026-01-01t10:00:00|2026-01-01T10:00:00z|2026-01-01 10:00:00 Z|2026-01-01 10:00:00 +07:00|2026-01-01T10:00:00+7",
    "2026-01-01T10:00:00+19:00|2026-01-01T10:00:00+07:60|2026-01-01 10:00:00 Asia/Ho_Chi_Minh|2026-01-01  10:00",
    "2026-01-01 10:00:00 EST|2026-01-01 02:30:00 PM|2026-01-01T10:00:00+07:00[Asia/Ho_Chi_Minh]|2026-01-01\n",
    "\u0662\u0660\u0662\u0666-01-01",
)

NEWCOMBE = (
    "\"(cast(split_part(x, '/', 1) as double) / cast(split_part(x, '/', 2) as double))\","
    " \"cast(split_part(x, '/', 2) as double)\","
    " \"(cast(split_part(y, '/', 1) as double) / cast(split_part(y, '/', 2) as double))\","
    " \"cast(split_part(y, '/', 2) as double)\""
)

CASES: dict[str, Cases] = {
    "keyed_hash": Cases(
        "{{ keyed_hash([\"'person'\", 'x', 'y']) }}",
        {
            ("a", "b"): sha256("person", "a", "b"),
            (None, "b"): sha256("person", "", "b"),
            ("", "b"): sha256("person", "", "b"),
            ("Đặng Thị Ế", "it's \\ 😀"): sha256("person", "Đặng Thị Ế", "it's \\ 😀"),
        },
    ),
    "keyed_hash of typed parts": Cases(
        "{{ keyed_hash(['cast(x as timestamp)', 'cast(y as bigint)']) }}",
        {
            ("2026-01-01 10:00:00", "7"): sha256("2026-01-01 10:00:00", "7"),
            ("1899-12-31 23:59:59.5", None): sha256("1899-12-31 23:59:59.5", ""),
        },
    ),
    "hex_to_bigint": Cases("{{ hex_to_bigint('x') }}", {"0": "0", "00ff": "255", "f" * 15: str(2**60 - 1), None: None}),
    # sixty bits, so that the greatest of them is 2^60 - 1
    "key_of": Cases(
        "{{ key_of('x') }}",
        {
            "unknown": "0",
            "000000000000001fffffffffffffffff": "1",
            "0123456789abcdef0123456789abcdef": str(0x0123456789ABCDE),
            "ffffffffffffffffffffffffffffffff": str(2**60 - 1),
            None: None,
        },
    ),
    # the first twelve digits of md5, by Python
    "hash_number": Cases(
        "{{ hash_number('x') }}",
        {text: str(int(hashlib.md5(text.encode()).hexdigest()[:12], 16)) for text in ("", "all|1|2", "Đặng Thị Ế")}
        | {None: None},
    ),
    "regex_like": Cases(
        "{{ regex_like('x', \"'^[^0-9]+\" ~ text_end() ~ \"'\") }}",
        {"ab": "true", "a1": "false", "": "false", None: None, "Ế": "true", "a\n": "true", "1\n": "false"},
    ),
    "text_end": Cases(
        "{{ regex_like('x', \"'a\" ~ text_end() ~ \"'\") }}", {"a": "true", "a\n": "false", "ab": "false"}
    ),
    "whitespace": Cases(
        "{{ regex_like('x', \"'[\" ~ whitespace() ~ \"]'\") }}",
        {" ": "true", "\t": "true", "\n": "true", "\x0b": "true", "a": "false", "s": "false", "\u00a0": "false"},
    ),
    "regex_remove": Cases(
        "{{ regex_remove('x', \"'[^0-9]'\") }}",
        {"+84 (90) 123-4567": "84901234567", "": "", None: None, "không": "", "😀1😀2": "12", "a1b2\n3": "123"},
    ),
    "trimmed": Cases(
        "{{ trimmed('x') }}",
        {
            "  a b ": "a b",
            "\u00a0\u3000 Đặng \u2003\u202f": "Đặng",
            "\t a\n": "\t a\n",
            "\u200ba": "\u200ba",
            "": "",
            "   ": "",
            None: None,
        },
    ),
    "lower_case": Cases(
        "{{ lower_case('x') }}",
        {
            "ĐẶNG ƯỚC Ế": "đặng ước ế",
            "E\u0302\u0301": "e\u0302\u0301",
            "İSTANBUL": "istanbul",
            "ΟΔΟΣ": "οδοσ",
            "Straße": "straße",
            "": "",
            None: None,
        },
    ),
    "percent_decoded": Cases(
        "{{ percent_decoded('x') }}",
        {
            "a+b%20c": "a b c",
            "1%2B1": "1+1",
            "khuy%E1%BA%BFn+m%C3%A3i": "khuyến mãi",
            "%f0%9f%98%80": "\U0001f600",
            "%2540": "%40",
            # no escapes; no UTF-8 (lone byte, overlong, half a pair, beyond the last character); a control character
            "100%+": "100% ",
            "%zz": "%zz",
            "%FF": "%FF",
            "%C0%AF": "%C0%AF",
            "%ED%A0%80": "%ED%A0%80",
            "%F4%90%80%80": "%F4%90%80%80",
            "a%00": "a%00",
            # longer than any tag
            "%20" * 100: " " * 100,
            "%20" * 101: "%20" * 101,
            "ế": "ế",
            "": "",
            None: None,
        },
    ),
    "has_url_parameter": Cases(
        "{{ has_url_parameter(url_parameters('x'), 'y') }}",
        {
            ("https://a.example/?gclid=1", "gclid"): "true",
            ("https://a.example/?a=1&gclid=1", "gclid"): "true",
            ("https://a.example/?a=1&amp;gclid=1", "gclid"): "true",
            ("https://a.example/?gclid=", "gclid"): "false",
            ("https://a.example/?gclid=&b=1", "gclid"): "false",
            ("https://a.example/?gclid=#top", "gclid"): "false",
            ("https://a.example/?GCLID=1", "gclid"): "true",
            ("https://a.example/#gclid=1", "gclid"): "true",
            ("https://a.example/?xgclid=1", "gclid"): "false",
            ("https://a.example/?a=1", "gclid"): "false",
            # two question marks, as where a tag was put behind an address that had some
            ("https://a.example/?a=1?gclid=1", "gclid"): "true",
            ("https://a.example/", "gclid"): None,
            (None, "gclid"): None,
        },
    ),
    "url_host": Cases(
        "{{ url_host('x') }}",
        {
            "https://www.Facebook.com/a?b=c": "facebook.com",
            "https://l.facebook.com": "facebook.com",
            "http://lm.facebook.com:8080/": "facebook.com",
            "https://m.me/shop": "m.me",
            "https://l.vn/": "l.vn",
            "android-app://com.zing.zalo/": "com.zing.zalo",
            "//cdn.example/a": "cdn.example",
            "www.google.com": "google.com",
            "google.com.vn/search": "google.com.vn",
            "http://intranet/a": "intranet",
            "https://example.com./": "example.com",
            "https://user:secret@blog.example.com:8443/a@b": "blog.example.com",
            **nothing(None, "", "-|(direct)|null|about:blank|https://|/path.html"),
        },
    ),
    "text_to_decimal": Cases(
        "{{ text_to_decimal('x', 18, 4) }}",
        NOT_NUMBERS
        | {
            "1": "1.0000",
            "-1.5": "-1.5000",
            "+5": "5.0000",
            ".5": "0.5000",
            "5.": "5.0000",
            " 12 ": "12.0000",
            "\t5\n": "5.0000",
            "1e3": "1000.0000",
            "1E-3": "0.0010",
            "1.5e+2": "150.0000",
            "0.00005": "0.0001",
            "-0.00005": "-0.0001",
            "0.00004999": "0.0000",
            "-0.00001": "0.0000",
            "-0": "0.0000",
            "1e-50": "0.0000",
            "000000000000000000000000000000000000012": "12.0000",
            "1.000000000000000000000000000000000000000000001": "1.0000",
            "12345678901234.56785": "12345678901234.5679",
            "99999999999999.9999": "99999999999999.9999",
            "99999999999999.99995": None,
            "100000000000000": None,
            "1E20": None,
            "123456789012345678901234567890123456789012345": None,
        },
    ),
    "text_to_integer": Cases(
        "{{ text_to_integer('x') }}",
        NOT_NUMBERS
        | {
            "1": "1",
            "-5": "-5",
            "+5": "5",
            "-0": "0",
            "007": "7",
            "5.0": "5",
            "5.": "5",
            "-5.000": "-5",
            "1.5": None,
            ".5": None,
            "1e3": None,
            "5\n": None,
            "9223372036854775807": "9223372036854775807",
            "-9223372036854775808": "-9223372036854775808",
            "9223372036854775808": None,
        },
    ),
    "text_to_boolean": Cases(
        "{{ text_to_boolean('x') }}",
        nothing(None, "", "on|off|2|1.0|ja|tru|\ttrue|có")
        | dict.fromkeys(("true", "TRUE", "t", "T", "yes", "Y", "1"), "true")
        | dict.fromkeys(("false", "False", "f", "no", "N", "0"), "false"),
    ),
    "text_to_timestamp": Cases(
        "{{ text_to_timestamp('x') }}",
        NOT_TIMES
        | {
            "2026-01-01": "2026-01-01 00:00:00",
            "2026-1-1": "2026-01-01 00:00:00",
            "2026/01/31": "2026-01-31 00:00:00",
            "2024-02-29": "2024-02-29 00:00:00",
            "2026-01-01 10:00": "2026-01-01 10:00:00",
            "2026-01-01T10:00": "2026-01-01 10:00:00",
            "2026-01-01T9:05:06": "2026-01-01 09:05:06",
            "2026-01-01T10:00:00Z": "2026-01-01 10:00:00",
            "2026-01-01T10:00Z": "2026-01-01 10:00:00",
            "2026-01-01 10:00:00 UTC": "2026-01-01 10:00:00",
            "2026-01-01 10:00 UTC": "2026-01-01 10:00:00",
            "2026-01-01 10:00:00+00": "2026-01-01 10:00:00",
            "2026-01-01T10:00:00+07": "2026-01-01 03:00:00",
            "2026-01-01T10:00:00+0700": "2026-01-01 03:00:00",
            "2026-01-01T10:00:00+07:00": "2026-01-01 03:00:00",
            "2026/01/01 10:00+07:00": "2026-01-01 03:00:00",
            "2026-01-01T05:00:00+07:00": "2025-12-31 22:00:00",
            "2026-01-01 10:00:00-03:30": "2026-01-01 13:30:00",
            "2026-01-01T10:00:00-00:00": "2026-01-01 10:00:00",
            "2026-01-01T10:00:00.5+07:00": "2026-01-01 03:00:00.5",
            "2026-01-01 10:00:00.": "2026-01-01 10:00:00",
            "2026-01-01 10:00:00.1": "2026-01-01 10:00:00.1",
            "2026-01-01 10:00:00.120": "2026-01-01 10:00:00.12",
            "2026-01-01 10:00:00.123456": "2026-01-01 10:00:00.123456",
            "2026-01-01 10:00:00.123456789": "2026-01-01 10:00:00.123456",
            "2026-01-01 10:00:00.9999999": "2026-01-01 10:00:00.999999",
            "2026-03-08 02:30:00": "2026-03-08 02:30:00",
            "1899-12-31 23:59:59": "1899-12-31 23:59:59",
            "1582-10-10": "1582-10-10 00:00:00",
            "0001-01-01T00:00:00": "0001-01-01 00:00:00",
            "9999-12-31 23:59:59.999999": "9999-12-31 23:59:59.999999",
        },
    ),
    "text_to_date": Cases(
        "{{ text_to_date('x') }}",
        NOT_TIMES
        | {
            "2026-01-31": "2026-01-31",
            "2026-1-1": "2026-01-01",
            "2026/01/31": "2026-01-31",
            "2024-02-29": "2024-02-29",
            "2026-01-01T10:00": "2026-01-01",
            "2026-01-01 00:00:00": "2026-01-01",
            "2026-01-01 00:00:00+00": "2026-01-01",
            "2026-01-01T01:00:00+07:00": "2026-01-01",
            "2026-01-01T23:00:00-05:00": "2026-01-01",
            "2026/1/1 7:00 UTC": "2026-01-01",
            "0001-01-01": "0001-01-01",
            "1899-12-31": "1899-12-31",
            "9999-12-31": "9999-12-31",
        },
    ),
    "decimal_to_text": Cases(
        "{{ decimal_to_text('cast(x as decimal(19, 12))', 12) }}",
        {
            "0": "0.000000000000",
            "0.0000001": "0.000000100000",
            "-0.000000000001": "-0.000000000001",
            "1": "1.000000000000",
            "1234567.123456789012": "1234567.123456789012",
            "-9999999.999999999999": "-9999999.999999999999",
            None: None,
        },
    ),
    "round_double to cents": Cases(
        "{{ round_double('cast(x as double)', 2) }}",
        {
            "1.005": "1.01",
            "-1.005": "-1.01",
            "2.675": "2.68",
            "0.285": "0.29",
            "0.125": "0.13",
            "1234567.285": "1234567.29",
            "123456789012.345": "123456789012.35",
            "0.30000000000000004": "0.30",
            "1.0049999999999999": "1.01",
            "1.00499": "1.00",
            "1e20": "100000000000000000000.00",
            "1e-9": "0.00",
            "1e40": None,
            "NaN": None,
            "Infinity": None,
            None: None,
        },
    ),
    "round_double to whole units": Cases(
        "{{ round_double('cast(x as double)', 0) }}",
        {
            "0.5": "1",
            "1.5": "2",
            "2.5": "3",
            "-0.5": "-1",
            "-2.5": "-3",
            "0.49999999": "0",
            "123456789012.5": "123456789013",
        },
    ),
    "to_reporting_time in New York": Cases(
        "{{ to_reporting_time('cast(x as timestamp)') }}",
        {
            "2026-03-08 06:59:59": "2026-03-08 01:59:59",
            "2026-03-08 07:00:00": "2026-03-08 03:00:00",
            "2026-11-01 05:30:00": "2026-11-01 01:30:00",
            "2026-11-01 06:30:00": "2026-11-01 01:30:00",
            "2026-11-01 07:30:00": "2026-11-01 02:30:00",
            "2026-01-01 04:59:59.999999": "2025-12-31 23:59:59.999999",
            None: None,
        },
        {"reporting_timezone": "America/New_York"},
    ),
    "to_reporting_time in London": Cases(
        "{{ to_reporting_time('cast(x as timestamp)') }}",
        {
            "2026-03-29 00:59:59": "2026-03-29 00:59:59",
            "2026-03-29 01:00:00": "2026-03-29 02:00:00",
            "2026-10-25 00:30:00": "2026-10-25 01:30:00",
            "2026-10-25 01:30:00": "2026-10-25 01:30:00",
            "1968-12-31 12:00:00": "1968-12-31 13:00:00",
        },
        {"reporting_timezone": "Europe/London"},
    ),
    "reporting_date in Vietnam": Cases(
        "{{ reporting_date('cast(x as timestamp)') }}",
        {
            "2026-01-31 16:59:59": "2026-01-31",
            "2026-01-31 17:00:00": "2026-02-01",
            "2024-02-28 17:00:00": "2024-02-29",
            "1899-12-31 12:00:00": "1899-12-31",
            None: None,
        },
        {"reporting_timezone": "Asia/Ho_Chi_Minh"},
    ),
    "month_of": Cases(
        "{{ month_of('cast(x as date)') }}",
        {"2026-01-31": "2026-01-01", "2024-02-29": "2024-02-01", "1899-12-31": "1899-12-01", None: None},
    ),
    "quarter_of": Cases(
        "{{ quarter_of('cast(x as date)') }}",
        {"2026-01-01": "2026-01-01", "2024-02-29": "2024-01-01", "2026-12-31": "2026-10-01", None: None},
    ),
    "the quarter of a period of the map": Cases(
        "{{ period_name(quarter_number(period_number('cast(x as date)'))) }}",
        {
            "2026-01-01": "2026-Q1",
            "2026-03-31": "2026-Q1",
            "2026-04-01": "2026-Q2",
            "2025-09-30": "2025-Q3",
            "2025-10-01": "2025-Q4",
            "2025-12-31": "2025-Q4",
        },
    ),
    "add_seconds": Cases(
        "{{ add_seconds('cast(x as timestamp)', 'cast(y as bigint)') }}",
        {
            ("2026-01-31 23:59:59", "1"): "2026-02-01 00:00:00",
            ("2026-01-01 00:00:00.5", "-1"): "2025-12-31 23:59:59.5",
            ("2026-01-01 00:00:00", "0"): "2026-01-01 00:00:00",
            (None, "1"): None,
            ("2026-01-01 00:00:00", None): None,
        },
    ),
    "add_minutes": Cases(
        "{{ add_minutes('cast(x as timestamp)', 30) }}", {"2026-01-01 23:45:00": "2026-01-02 00:15:00"}
    ),
    "add_days": Cases(
        "{{ add_days('cast(x as timestamp)', 1) }}",
        {"2024-02-28 10:00:00": "2024-02-29 10:00:00", "2026-03-08 02:30:00": "2026-03-09 02:30:00", None: None},
    ),
    "add_days backwards": Cases(
        "{{ add_days('cast(x as timestamp)', '-' ~ 90) }}", {"2026-03-31 00:00:00": "2025-12-31 00:00:00"}
    ),
    "add_months": Cases(
        "{{ add_months('cast(x as date)', 1) }}",
        {
            "2026-01-31": "2026-02-28",
            "2024-01-31": "2024-02-29",
            "2026-02-28": "2026-03-28",
            "2026-12-15": "2027-01-15",
            None: None,
        },
    ),
    "microseconds_between": Cases(
        "{{ microseconds_between('cast(x as timestamp)', 'cast(y as timestamp)') }}",
        {
            ("2026-01-01 00:00:00", "2026-01-01 00:00:00.000001"): "1",
            ("2026-01-02 00:00:00", "2026-01-01 00:00:00"): "-86400000000",
            ("1899-12-31 23:59:59.5", "1900-01-01 00:00:00"): "500000",
            (None, "2026-01-01 00:00:00"): None,
        },
    ),
    "seconds_between": Cases(
        "cast({{ seconds_between('cast(x as timestamp)', 'cast(y as timestamp)') }} as decimal(18, 6))",
        {("2026-01-01 00:00:00", "2026-01-01 00:30:00.25"): "1800.250000", ("2026-01-01 00:00:00", None): None},
    ),
    "hours_between": Cases(
        "cast({{ hours_between('cast(x as timestamp)', 'cast(y as timestamp)') }} as decimal(18, 6))",
        {
            ("2026-01-01 00:00:00", "2026-01-27 13:30:00"): "637.500000",
            ("2026-03-08 00:00:00", "2026-03-09 00:00:00"): "24.000000",
        },
    ),
    "days_between": Cases(
        "{{ days_between('cast(x as date)', 'cast(y as date)') }}",
        {
            ("2024-02-28", "2024-03-01"): "2",
            ("2026-03-01", "2026-02-28"): "-1",
            ("2026-03-08", "2026-03-08"): "0",
            (None, "2026-01-01"): None,
        },
    ),
    "iso_weekday": Cases(
        "{{ iso_weekday('cast(x as date)') }} * 10",
        {"2026-01-04": "70", "2026-01-05": "10", "2024-02-29": "40", "1899-12-31": "70", None: None},
    ),
    "string_literal": Cases(
        '{{ string_literal("it\'s \\\\n 100\\\\% Ế") }} || x', {"": "it's \\n 100\\% Ế", None: None}
    ),
    "regex_replace": Cases(
        "{{ regex_replace('x', \"'([a-z])([0-9])'\", '\\\\2-\\\\1') }}",
        {"a1b2": "1-a2-b", "12": "12", "": "", None: None, "ế9a0": "ế90-a"},
    ),
    "normalize_email": Cases(
        "{{ normalize_email('x') }}",
        nothing(
            "l***@shop.vn|xxx@shop.vn|XX@shop.vn|nguyenxxx@gmail.com|lan@xxxx.com|lan...@gmail.com|lan…@gmail.com",
            "l•••@shop.vn",
            "lan####@gmail.com|a b@c.d|a@b|@b.c|a@|lan@shop..vn|a@x.vn; b@x.vn|không có",
            "a" * 320 + "@b.c",
            "",
            None,
        )
        | {
            " Lan.Đặng@Shop.VN\u00a0": "lan.đặng@shop.vn",
            "a@b.c": "a@b.c",
            "a@b.c\n": "a@b.c",
            "mailto:Lan@Shop.vn?subject=Xin%20chào": "lan@shop.vn",
            "MAILTO: lan@shop.vn": "lan@shop.vn",
            '"Lan Nguyễn" <lan@shop.vn>': "lan@shop.vn",
            "'lan@shop.vn'": "lan@shop.vn",
            "“lan@shop.vn”": "lan@shop.vn",
            '"lan@shop.vn",': "lan@shop.vn",
            "lan@shop.vn.": "lan@shop.vn",
            "lan@shop.vn ;": "lan@shop.vn",
            "(lan@shop.vn)": "lan@shop.vn",
            "lan @ shop.vn": "lan@shop.vn",
            "lan%40shop.vn": "lan@shop.vn",
            "l\u200ban@sh\u00adop.vn\u202c": "lan@shop.vn",
            "\ufeff\u200elan@shop.vn": "lan@shop.vn",
            wide("lan@SHOP.vn"): "lan@shop.vn",
            "O'Brien@x.ie": "o'brien@x.ie",
            "o’brien@x.ie": "o'brien@x.ie",
            "lan_shop.vn#EXT#@tenant.onmicrosoft.com": "lan_shop.vn#ext#@tenant.onmicrosoft.com",
            "maxx@exxon.com": "maxx@exxon.com",
            "lan@site.xxx": "lan@site.xxx",
        },
    ),
    "normalize_id_list": Cases(
        "{{ normalize_id_list('x') }}",
        {
            "a": "a",
            "a;b": "a;b",
            " a , b;\tc;; d;": "a;b;c;d",
            "['a','b c']": "a;b c",
            '["1", "2"]': "1;2",
            ";": None,
            "[]": None,
            None: None,
        },
    ),
    # Viet Nam: nine digits a mobile number, ten a fixed one of Ha Noi (24), behind the trunk 0
    "normalize_phone": Cases(
        "{{ normalize_phone('x') }}",
        nothing(
            "0912xxx678|09xxxxxxxx|091234567x|091234567X|0912***678|0912•••678|0912###678|0912__5678|xxx1234567",
            "0912...5678|8.49E+10|8,49E+10|8.49012346e+10|+84 123|+84 90123456789|0901234567 0987654321|1-800-FLOWERS",
            "123|abc|0",
            "+1 212 555|+44 20 7946 09581|61 412 345 678",
            "9" * 5000,
            "",
            None,
        )
        | dict.fromkeys(
            (
                "090 123 4567",
                "+84 90-123-4567",
                "0084901234567",
                "00 84 901 234 567",
                "84901234567",
                "901234567",
                "+84 (0)90 123 4567",
                "+84 0901234567",
                "(+84)(0)901234567",
                "84 (0) 901234567",
                "+0901234567",
                "++84901234567",
                "+084901234567",
                "(090) 123.4567",
                "0901234567.0",
                "84901234567.0",
                "901234567.00",
                "0901234567 ext. 12",
                "0901234567 x12",
                "0901234567x12",
                "0901234567 máy lẻ 5",
                "0901234567#5",
                "tel:+84-90-123-4567;ext=5",
                "ĐT: 0901234567 (Lan, sau 17h)",
                "0901234567 / 0987654321",
                "0901234567,",
                "'0901234567",
                '"0901234567"',
                "\u202a+84901234567\u202c",
                "0901\u200b234567",
                wide("+84901234567"),
                "٠٩٠١٢٣٤٥٦٧",
                "090–123–4567",
                "maxx 0901234567",
                "09012\u00a034567\n",
            ),
            "+84901234567",
        )
        | {
            "024 3825 1234": "+842438251234",
            "84 24 3825 1234": "+842438251234",
            "0000000000": "+84000000000",
            "+44 (0)20 7946 0958": "+442079460958",
            "+44 020 7946 0958": "+442079460958",
            # Italy dials the 0 from abroad, too
            "+39 06 698 12345": "+390669812345",
            # Russia's trunk is 8, with which its toll-free numbers begin
            "+7 8 912 345-67-89": "+79123456789",
            "+7 800 555 35 35": "+78005553535",
            "+36 06 30 123 4567": "+36301234567",
            "+1 (212) 555-0100": "+12125550100",
            "+1 1 212 555 0100": "+12125550100",
            "+52 1 55 1234 5678": "+525512345678",
            "+375 8 029 491-19-11": "+375294911911",
            "+86 138 0013 8000 分机 12": "+8613800138000",
        },
        {"default_phone_country": "VN"},
    ),
    "normalize_phone in the United States": Cases(
        "{{ normalize_phone('x') }}",
        {
            "(212) 555-0100": "+12125550100",
            "1-212-555-0100 x123": "+12125550100",
            "12125550100.0": "+12125550100",
            "011 84 90 123 4567": "+84901234567",
            "0084901234567": "+84901234567",
            "555-0100": None,
        },
        {"default_phone_country": "US"},
    ),
    "normalize_phone in Germany": Cases(
        "{{ normalize_phone('x') }}",
        {
            "030/123456": "+4930123456",
            "0301234567/89": "+49301234567",
            "+49 (0) 30 123456": "+4930123456",
            "4915112345678": "+4915112345678",
            "0043 1 5880 0": "+43158800",
        },
        {"default_phone_country": "DE"},
    ),
    "to_reporting_currency": Cases(
        "{{ to_reporting_currency('cast(x as decimal(18, 4))', 'cast(y as decimal(19, 12))') }}",
        {
            ("1.0050", None): "1.0100",
            ("-1.0050", None): "-1.0100",
            ("0.0050", "0.999999999999"): "0.0000",
            ("100.0000", "0.00003912"): "0.0000",
            ("255000.0000", "0.000039215686"): "10.0000",
            ("0.0049", "1.000000000001"): "0.0000",
            (None, "1"): None,
        },
    ),
    "refunded_net": Cases(
        "{{ refunded_net('cast(x as decimal(18, 4))', 'cast(y as decimal(18, 4))', 'cast(z as decimal(18, 4))') }}",
        {
            ("50", "80", "100"): "40.0000",
            ("1.005", "100", "100"): "1.0100",
            ("10", "10", "30"): "3.3300",
            ("10", "20", "30"): "6.6700",
            ("5", "5", "0"): "0.0000",
            # tax and shipping are more than the total: nothing of it was revenue
            ("5", "-2", "10"): "0.0000",
            (None, "5", "5"): "0.0000",
        },
    ),
    # letters and marks apart, in either order of the marks, as keyboards and file systems write them
    "nfc": Cases(
        "{{ nfc('x') }}",
        {
            "Khuye\u0302\u0301n ma\u0303i": "Khuy\u1ebfn m\u00e3i",
            "ta\u0323\u0302p": "t\u1eadp",
            "ta\u0302\u0323p": "t\u1eadp",
            "t\u00e2\u0323p": "t\u1eadp",
            "TU\u031b\u0300 NGO\u031b\u0300": "T\u1eea NG\u1edc",
            "u\u0308ber": "\u00fcber",
            "T\u1ebft": "T\u1ebft",
            "\u0438\u0306": "\u0439",
            "plain": "plain",
            "": "",
            None: None,
        },
    ),
    "url_tag of the tagged part": Cases(
        "{{ url_tag(percent_decoded(url_parameter(tagged_part('x'), 'utm_source'))) }}",
        {
            "https://a.vn/?utm_source=%20zalo+": "zalo",
            "https://a.vn/?utm_source=%C2%A0zalo": "zalo",
            "https://a.vn/?utm_source=%20": None,
            "https://a.vn/?UTM_Source=Zalo": "Zalo",
            "https://a.vn/?a=1;utm_source=zalo;utm_medium=oa": "zalo",
            "https://a.vn/?utm_source=te%CC%82%CC%81t": "t\u1ebft",
            "https://a.vn/?utm_source=a@b.vn": "(masked)",
            # behind the #: all of it, and only where the query has no tag
            "https://a.vn/#utm_source=zalo&utm_medium=oa": "zalo",
            "https://a.vn/#/page?utm_medium=oa&utm_source=zalo": "zalo",
            "https://a.vn/?utm_medium=oa#utm_source=zalo": None,
            "https://a.vn/?utm_source=zalo#utm_source=other": "zalo",
            "https://a.vn/?utm_medium=#utm_source=zalo": "zalo",
            "https://a.vn/#top": None,
            None: None,
        },
    ),
    "masked": Cases(
        "{{ masked('x') }}",
        {
            **dict.fromkeys(
                [
                    "a@b.vn",
                    "a%40b.vn",
                    "a%2540b.vn",
                    "lan\uff20shop.vn",
                    "see a@b.vn.",
                    "lan%EF%BC%A0shop.vn",
                    "lan&#64;shop.vn",
                    "lan&#x40;shop.vn",
                    "lan (at) shop.vn",
                    "lan[AT]shop.vn",
                    "bmd1eWVuLnZhbi5hQGdtYWlsLmNvbQ==",
                    "0987 444 555",
                    "0987%20444%20555",
                    "0912.345.678",
                    "091-234-5678",
                    "(0912) 345 678",
                    "0912  345 678",
                    "".join(chr(0xFF10 + int(digit)) for digit in "0912345678"),
                    "sale 0912345678 hot",
                    "028 3822 1234",
                    "+84 912 345 678",
                    "(+84) 912345678",
                    "tel:+84912345678",
                    "%2B84912345678",
                    # the calling code without its plus, and the trunk prefix, also beside letters
                    "84912345678-sale",
                    "84 912 345 678",
                    "84-912-345-678",
                    "0084912345678",
                    "sdt0912345678",
                    "zalo_84912345678",
                    "call_0912_345_678",
                    "0912\u2013345\u2013678",
                    # characters that nobody sees, and digits of another script
                    "0912\u200b345\u200b678",
                    "\u202e0912345678\u202c",
                    "0\u200d9\u200d1\u200d2\u200d3\u200d4\u200d5\u200d6\u200d7\u200d8",
                    "".join(chr(0x0660 + int(digit)) for digit in "0912345678"),
                    # base64 of lan@shop.vn, of hoa.erased@example.com and of 0912345678, with padding and without
                    "bGFuQHNob3Audm4=",
                    "bGFuQHNob3Audm4%3D",
                    "ref-aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ",
                    "MDkxMjM0NTY3OA==",
                ],
                "(masked)",
            ),
            # what campaigns, days, versions and amounts are written like
            **{
                text: text
                for text in [
                    "sale_2026",
                    "2026-01-02",
                    "2026-01-02 03:04:05",
                    "spring_0912",
                    "10.0912345678",
                    "0.123456789012",
                    "1.250.000",
                    "20456789012",
                    "v2.0.1",
                    "tet-2026-02-17",
                    "ad-000123",
                    "50%",
                    "123/45/6789",
                    "gclid.EAIaIQobChMI",
                    "09:12:34",
                    "iphone 15 pro 256gb",
                    "2025-07-01 - 2025-07-31",
                    # ids of advertisers' tools
                    "23847123456780123",
                    "17812345678",
                    "84-2026-01-02",
                    "spring_0912_2026",
                    "Khuy\u1ebfn m\u00e3i th\u00e1ng 8",
                    "retargeting_lookalike_audience",
                    "sale (at home)",
                    "[hat] and [AT1]",
                    "TikTok-Spark-Ads-VideoViews-2026",
                    "Cj0KCQjw8eOLBhC1ARIsAOzx5cH1Xz",
                ]
            },
            "": "",
            None: None,
        },
        {"default_phone_country": "VN"},
    ),
    "masked in the United States": Cases(
        "{{ masked('x') }}",
        {
            **dict.fromkeys(
                ["415-555-2671", "(415) 555-2671", "call 415.555.2671 now", "1-415-555-2671", "+1 415 555 2671"],
                "(masked)",
            ),
            # a number of eleven digits is a campaign more often than a phone
            **{text: text for text in ["17812345678", "4155552671", "2026-100-2000", "10.415.555.2671"]},
        },
        {"default_phone_country": "US"},
    ),
    "publishable_id": Cases(
        "{{ publishable_id('x') }} = x",
        {
            "o-1": "true",
            "0912345678": "true",
            "a@b.vn": "false",
            "+84 912 345 678": "false",
            "+84\u200b912\u200b345\u200b678": "false",
            "Th\u1ebb-1": "true",
            None: None,
        },
    ),
    "base64_decoded": Cases(
        "{{ base64_decoded('x') }}",
        {
            "aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ==": "hoa.erased@example.com",
            "aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ": "hoa.erased@example.com",
            "bGFuQHNob3Audm4": "lan@shop.vn",
            # the alphabet of links
            "Pz8_Pz8-": "?????>",
            "abcde": None,
            None: None,
        },
    ),
    "spelled_out": Cases(
        "{{ spelled_out('x') }}",
        {
            "Hoa (at) Shop dot vn": "hoa@shop.vn",
            "hoa [at] shop [dot] vn": "hoa@shop.vn",
            "hoa a còng shop chấm vn": "hoa@shop.vn",
            "hoa.erased @ example . com": "hoa.erased@example.com",
            "hat and dots": "hat and dots",
            None: None,
        },
    ),
    "readable_text": Cases(
        "{{ readable_text('x') }}",
        {
            "hoa%2Eerased%2540shop%2evn": "hoa.erased@shop.vn",
            "hoa&#64;shop&#x2e;vn": "hoa@shop.vn",
            "h\u200bo\u202ea\uff20shop\uff0evn": "hoa@shop.vn",
            None: None,
        },
    ),
    "registered_domain": Cases(
        "{{ registered_domain('x') }}",
        {
            "gocheck.vn": "gocheck.vn",
            "a.b.gocheck.vn": "gocheck.vn",
            "shop.example.com.vn": "example.com.vn",
            "example.co.uk": "example.co.uk",
            "a.myshopify.com": "a.myshopify.com",
            "x.a.myshopify.com": "a.myshopify.com",
            "intranet": "",
            None: None,
        },
    ),
    "is_bot_agent": Cases(
        "{{ is_bot_agent('x') }}",
        {
            "Mozilla/5.0 (compatible; Googlebot/2.1)": "true",
            "WhatsApp/2.23.20.0 A": "true",
            "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) Mobile Safari/537.36": "false",
            "Mozilla/5.0 (Linux; Android 10; CUBOT_X30) (compatible; AdsBot-Google-Mobile)": "true",
            "Mozilla/5.0 (Windows NT 10.0)": "false",
            None: None,
        },
    ),
    "url_parameter": Cases(
        "{{ percent_decoded(url_parameter('x', 'utm_source')) }}",
        {
            "https://a.example/?b=1&utm_source=z%E1%BA%BF+o#top": "zế o",
            "https://a.example/?b=1&amp;utm_source=zalo&amp;c=2": "zalo",
            "https://a.vn/?utm_source=zalo&b=1": "zalo",
            "https://a.vn/?b=1&utm_source=đ#x": "đ",
            "https://a.vn/?utm_source=": None,
            "https://a.vn/": None,
            None: None,
        },
    ),
    "last_month_of in Vietnam": Cases(
        "{{ last_month_of('cast(x as timestamp)') }}",
        {
            "2026-06-30 16:59:59": "2026-06-01",
            "2026-06-30 17:00:00": "2026-06-01",
            "2026-06-30 17:00:00.000001": "2026-07-01",
            "2025-12-31 17:00:00": "2025-12-01",
            None: None,
        },
        {"reporting_timezone": "Asia/Ho_Chi_Minh"},
    ),
    # 0 of 10 by hand: z²/(10 + z²) = 3.8415/13.8415
    "wilson_bound": Cases(
        "round({{ wilson_bound('(cast(x as double) / cast(y as double))', 'cast(y as double)', '+') }}, 4)",
        {("0", "10"): "0.2775", ("10", "10"): "1.0", ("7", "7"): "1.0"},
    ),
    # Newcombe 1998, table II, contrasts (a) to (h) by method 10; x has successes and trials of the one, y of the other
    "newcombe_bound below": Cases(
        f"round({{{{ newcombe_bound({NEWCOMBE}, '-') }}}}, 4)",
        {
            ("56/70", "48/80"): "0.0524",
            ("9/10", "3/10"): "0.1705",
            ("6/7", "2/7"): "0.0582",
            ("5/56", "0/29"): "-0.0381",
            ("0/10", "0/20"): "-0.1611",
            ("0/10", "0/10"): "-0.2775",
            ("10/10", "0/20"): "0.6791",
            ("10/10", "0/10"): "0.6075",
        },
    ),
    "newcombe_bound above": Cases(
        f"round({{{{ newcombe_bound({NEWCOMBE}, '+') }}}}, 4)",
        {
            ("56/70", "48/80"): "0.3339",
            ("9/10", "3/10"): "0.809",
            ("6/7", "2/7"): "0.8062",
            ("5/56", "0/29"): "0.1926",
            ("0/10", "0/20"): "0.2775",
            ("0/10", "0/10"): "0.2775",
            ("10/10", "0/20"): "1.0",
            ("10/10", "0/10"): "1.0",
        },
    ),
    # whole months up to the day after the last one, by a calendar; what is left over counts from 16 days on
    "months_of_term": Cases(
        "{{ months_of_term('cast(x as date)', 'cast(y as date)') }}",
        {
            ("2026-01-01", "2026-12-31"): "12",
            ("2026-01-15", "2027-01-14"): "12",
            ("2026-01-10", "2027-01-10"): "12",
            ("2026-01-01", "2026-01-31"): "1",
            ("2026-01-31", "2026-02-28"): "1",
            ("2024-01-31", "2024-02-29"): "1",
            ("2026-01-31", "2026-03-30"): "2",
            ("2026-01-01", "2026-02-15"): "1",
            ("2026-01-01", "2026-02-16"): "2",
            ("2026-03-03", "2027-02-26"): "12",
            ("2026-01-01", "2026-01-01"): "1",
            ("2026-01-01", "2025-01-01"): "1",
            ("2026-01-01", None): "1",
            ("2026-01-01", "9999-12-31"): "1",
            ("2026-01-01", "2075-12-31"): "600",
        },
    ),
    "cost_coverage": Cases(
        "{{ cost_coverage('cast(x as decimal(18, 4))', 'cast(y as decimal(18, 4))') }}",
        {
            ("50", "100"): "0.5",
            ("100", "40"): "1.0",
            ("-5", "55"): "0.0",
            ("-5", "-5"): "1.0",
            ("0", "0"): None,
            (None, "1"): None,
        },
    ),
    "is_ambiguous_amount": Cases(
        "{{ is_ambiguous_amount('x') }}",
        {
            "450.000": "true",
            "-450.000": "true",
            "1234.500": "true",
            "0.500": "true",
            "450.00": "false",
            "450.0000": "false",
            "450000": "false",
            "1.450.000": "false",
            "1,450.000": "false",
            ".500": "false",
            "450.000 VND": "false",
            None: None,
        },
    ),
    # Abramowitz and Stegun, tables 26.1 and 26.2 (in millionths)
    "normal_upper_tail": Cases(
        "round(1000000 * {{ normal_upper_tail('cast(x as double)') }}, 6)",
        {
            "0": "500000.0",
            "1": "158655.253931",
            "1.959963984540054": "25000.0",
            "3": "1349.898032",
            "5": "0.286652",
            "40": "0.0",
            None: None,
        },
    ),
    # 1 + … + x, and nothing of no numbers
    "sum_over": Cases(
        "{{ sum_over('1', 'cast(x as int)', 'number', 'number * 1e0') }}",
        {"4": "10.0", "1": "1.0", "0": "0.0"},
    ),
    # 0!, 1!, 5! and 10!
    "log_factorial": Cases(
        "round(exp({{ log_factorial('cast(x as double)') }}), 5)",
        {"0": "1.0", "1": "1.0", "5": "120.0", "10": "3628800.0", None: None},
    ),
    # of 10 with 4 hits 5 are drawn, 3 hits or as unlikely: 110 of 210. Fisher's own tea: 3 of 4 cups, 34 of 70
    "fisher_p_value": Cases(
        "round({{ fisher_p_value('cast(x as int)', 'cast(z as int)', 'cast(y as int)', 'cast(z as int)') }}, 6)",
        {
            ("3", "1", "5"): "0.52381",
            ("3", "1", "4"): "0.485714",
            ("4", "0", "4"): "0.028571",
            ("2", "2", "4"): "1.0",
            ("0", "0", "4"): "1.0",
        },
    ),
    # of 1 degree 1 - 2 atan(t) / pi; tables of 10 and 30 degrees
    "t_p_value": Cases(
        "round({{ t_p_value('cast(x as double)', 'cast(y as double)') }}, 6)",
        {
            ("1", "1"): "0.5",
            ("0", "3"): "1.0",
            ("2.2281388519649385", "10"): "0.05",
            ("2.7499956535670305", "30"): "0.01",
            (None, "3"): None,
        },
    ),
    # there already, or nearly
    "t_95_step": Cases(
        "round({{ t_95_step('cast(x as double)', 'cast(y as double)') }}, 5)",
        {
            ("12.7062047", "1"): "12.7062",
            ("4.3026527", "2"): "4.30265",
            ("2.228139", "10"): "2.22814",
            ("1.96", "1000000"): "1.95997",
            (None, "3"): None,
        },
    ),
    # table 26.8: what is exceeded by 5 %, 0.1 %, 1 %, 95 % and 0.1 %
    "chi_square_upper_tail": Cases(
        "round({{ chi_square_upper_tail('cast(x as double)', 'cast(y as int)') }}, 6)",
        {
            ("0", "1"): "1.0",
            ("3.841458820694124", "1"): "0.05",
            ("13.815510557964274", "2"): "0.001",
            ("11.344866730144373", "3"): "0.01",
            ("1.145476226061769", "5"): "0.95",
            ("26.124481558376136", "8"): "0.001",
            ("1", "10"): None,
            (None, "2"): None,
        },
    ),
}


def values(macros: Macros, rows: Sequence[tuple[str | None, ...]]) -> str:
    """Write rows of texts, numbered, as a table with the columns number, x, y, z."""
    literals = [
        ", ".join(
            [str(number)]
            + [
                "cast(null as string)" if text is None else macros.context["string_literal"](text)
                for text in (*row, None, None)[:3]
            ]
        )
        for number, row in enumerate(rows)
    ]
    return f"(values ({'), ('.join(literals)})) as cases (number, x, y, z)"


@pytest.mark.parametrize("name", CASES)
def test_a_macro_gives_the_same_on_both_engines(name: str, engine: str, query: Query) -> None:
    cases = CASES[name]
    macros = Macros(engine, cases.settings)
    rows = [given if isinstance(given, tuple) else (given,) for given in cases.expected]
    answers = query(
        f"select number, cast({macros.render(cases.call)} as string) from {values(macros, rows)} order by number"
    )
    given = {row: answers[number][1] for number, row in enumerate(rows)}
    assert given == dict(zip(rows, cases.expected.values(), strict=True))


def test_every_macro_that_dispatches_has_cases() -> None:
    """A macro without a case would be trusted to do alike on both engines, which is what nobody knows."""
    calls = " ".join(case.call for case in CASES.values())
    dispatching = {name.removeprefix("spark__") for name in Macros("spark").context if name.startswith("spark__")}
    tested_otherwise = {
        "connected_components", "date_spine", "datetime_to_timestamp", "list_entries", "matches", "text_list",
    }  # fmt: skip
    assert {name for name in dispatching - NO_EXPRESSIONS - tested_otherwise if f"{name}(" not in calls} == set()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-02-27", "2026-03-02", ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]),
        ("2024-02-29", "2024-02-29", ["2024-02-29"]),
        ("2026-01-02", "2026-01-01", []),
    ],
)
def test_date_spine(first: str, last: str, expected: list[str], engine: str, query: Query) -> None:
    table = Macros(engine).render("{{ date_spine(\"date '" + first + "'\", \"date '" + last + "'\") }}")
    rows = query(f"select cast(date_day as string) from {table} as days order by date_day")
    assert [day for (day,) in rows] == expected


def test_list_entries(engine: str, query: Query) -> None:
    """A text without any gives no row."""
    entries = Macros(engine).render("{{ list_entries('x') }}")
    table = "(values ('two', 'a;b'), ('one', 'c'), ('none', null)) as lists (name, x)"
    rows = query(f"select name, {entries} as entry from {table}")
    assert sorted(rows) == [("one", "c"), ("two", "a"), ("two", "b")]


def test_addresses_and_numbers_in_texts(engine: str, query: Query) -> None:
    """What is found is written as its reader sees it, with the signs beside a number that end it."""
    macros = Macros(engine)
    texts = (
        "('link', 'https://a.vn/?e=Hoa%2540shop.vn&p=%2B84%20987%20654%20321'), ('two', 'a@b.vn; (0912) 345 678!'),"
        " ('neither', '2026-01-02 03:04'), ('none', null)"
    )
    written = macros.render("{{ readable_text('x') }}")
    readable = f"select name, {written} as x from (values {texts}) as texts (name, x)"
    parts = {macro: macros.render("{{ " + macro + "('x') }}") for macro in ("addresses_in", "numbers_in")}
    found = {macro: sorted(query(f"select name, {part} as part from ({readable})")) for macro, part in parts.items()}
    assert found == {
        "addresses_in": [("link", "Hoa@shop.vn"), ("two", "a@b.vn")],
        "numbers_in": [("link", "+84 987 654 321"), ("two", " (0912) 345 678!")],
    }


def test_text_list(engine: str, query: Query) -> None:
    """Texts stand in the order asked for, of numbers and not of digits; a missing one leaves no trace."""
    rows = "('g', 10, 'sau'), ('g', 9, null), ('g', 2, 'trước'), ('empty', 1, null), ('one', 1, '')"
    listed = Macros(engine).render("{{ text_list('text', order_by='place', separator=' > ') }}")
    select = f"select name, {listed} from (values {rows}) as listed (name, place, text) group by name order by name"
    assert query(select) == [("empty", None), ("g", "trước > sau"), ("one", "")]


def test_a_missing_value_comes_first_unless_told(query: Query) -> None:
    """DuckDB would put it last; the profile sets it to do as Spark does."""
    table = "(values (1, 'b'), (2, null), (3, 'a')) as cases (number, x)"
    assert [row[0] for row in query(f"select number from {table} order by x")] == [2, 3, 1]
    assert [row[0] for row in query(f"select number from {table} order by x desc")] == [1, 3, 2]
    assert [row[0] for row in query(f"select number from {table} order by x nulls last")] == [3, 1, 2]
    ranked = query(f"select number, row_number() over (order by x) as place from {table} order by number")
    assert [row[1] for row in ranked] == [3, 1, 2]


def test_division_by_zero_is_null(query: Query) -> None:
    table = "(values (1, 0)) as cases (x, y)"
    assert query(f"select x / y, cast(x as double) / y, cast(x as decimal(18, 4)) / y, x % y from {table}") == [
        (None, None, None, None)
    ]
