"""Detection of a column's kind and notation from its values."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
from customer_journey.raw.adapters import FOLDER
from customer_journey.raw.months import english_of, has_words
from onboarding.values import CURRENCY_SIGNS, dates_of, kind_of, masked, number_in, numbers_of


@pytest.fixture(scope="module")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the macros that a build reads texts with."""
    with duckdb.connect() as connection:
        connection.execute((FOLDER / "macros.sql").read_text(encoding="utf-8"))
        yield connection


@pytest.mark.parametrize(
    ("texts", "formats", "order"),
    [
        (["13/01/2026 09:30", "02/02/2026 18:00"], ("%d/%m/%Y %H:%M",), "day first"),
        (["01/13/2026", "02/02/2026"], ("%m/%d/%Y",), "month first"),
        (["3/15/2024 2:30 PM"], ("%m/%d/%Y %I:%M %p",), "month first"),
        (["15.01.26"], ("%d.%m.%y",), "day first"),
        (["10:22 15/01/2026"], ("%H:%M %d/%m/%Y",), "day first"),
        (["2026/01/15 10:22:33"], ("%Y/%m/%d %H:%M:%S",), None),
        (["13-01-2026", "14/01/2026"], ("%d-%m-%Y", "%d/%m/%Y"), "day first"),
        (["2026-01-15T10:00:00+07:00", "2026-01-16"], (), None),
        (["2 Jan 2026", "13 Feb 2026"], ("%d %b %Y",), None),
        (["January 2, 2026", "May 3, 2026"], ("%B %d, %Y", "%b %d, %Y"), None),
        (["Jan 2, 2026 3:04 PM"], ("%b %d, %Y %I:%M %p",), None),
        (["02-Jan-26"], ("%d-%b-%y",), None),
    ],
)
def test_all_values_of_a_column_tell_its_date_format(
    texts: list[str], formats: tuple[str, ...], order: str | None
) -> None:
    dates = dates_of(texts)
    assert dates is not None
    assert (dates.formats, dates.order, dates.is_mixed) == (formats, order, False)


def test_an_order_that_no_value_decides_is_left_open() -> None:
    dates = dates_of(["01/02/2026", "03/04/2026"])
    assert dates is not None
    assert (dates.order, dates.evidence) == ("", "01/02/2026")


def test_two_orders_in_one_column_are_said() -> None:
    dates = dates_of(["13/01/2026", "01/13/2026"])
    assert dates is not None
    assert dates.is_mixed
    assert dates.evidence == "13/01/2026 and 01/13/2026"


@pytest.mark.parametrize(
    ("texts", "is_local"),
    [
        (["2026-01-15 10:00"], True),
        (["2026-01-15T10:00:00Z"], False),
        (["2026-01-15 10:00:00+00"], False),
        (["2026-01-15"], False),
        (["15/01/2026 10:00", "16/01/2026 10:00"], True),
    ],
)
def test_times_without_an_offset_want_a_time_zone(texts: list[str], is_local: bool) -> None:
    dates = dates_of(texts)
    assert dates is not None
    assert dates.has_local_times == is_local


@pytest.mark.parametrize("texts", [["19.99.20"], ["Total"], ["1.5"], ["0911000001"], ["32/01/2026"]])
def test_what_is_no_date(texts: list[str]) -> None:
    assert dates_of(texts) is None


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands", "is_sure"),
    [
        (["1.250.000", "450.000", "0"], ",", ".", True),
        (["450.000", "0"], ",", ".", False),
        (["450.000", "1250000"], ".", "", False),
        (["1 234,56"], ",", " ", True),
        (["1,234.56", "12"], ".", ",", True),
        (["1,204", "12.50"], ".", ",", True),
        (["12,5"], ",", "", True),
        (["12.50", "3"], ".", "", True),
        (["450000", "990000"], "", "", True),
        (["1.250.000 ₫"], ",", ".", True),
        # India, Switzerland, accountants, SAP
        (["₹1,25,000.00", "950"], ".", ",", True),
        (["1’234.50"], ".", "’", True),
        (["(1,234.50)", "12.00"], ".", ",", True),
        (["1.234,50-"], ",", ".", True),
    ],
)
def test_all_values_of_a_column_tell_its_signs(texts: list[str], decimal: str, thousands: str, is_sure: bool) -> None:
    numbers = numbers_of(texts)
    assert numbers is not None
    assert (numbers.decimal, numbers.thousands, numbers.is_sure) == (decimal, thousands, is_sure)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.250.000 ₫", "VND"),
        ("€12,50", "EUR"),
        ("12 USD", "USD"),
        ("$12", None),
        ("Rp500", "IDR"),
        ("R 12", "ZAR"),
        ("\\980", "JPY"),
    ],
)
def test_signs_of_currencies(text: str, currency: str | None) -> None:
    numbers = numbers_of([text])
    assert numbers is not None
    assert numbers.currency == currency


@pytest.mark.parametrize("sign", CURRENCY_SIGNS)
@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("{} 1,250.50", "1250.5"),
        ("1,250.50 {}", "1250.5"),
        ("-{} 1,250.50", "-1250.5"),
        ("({} 1,250.50)", "-1250.5"),
        ("{} 1,250.50-", "-1250.5"),
    ],
)
def test_a_build_takes_the_same_currencies_away(
    form: str, value: str, sign: str, macros: duckdb.DuckDBPyConnection
) -> None:
    text = form.format(sign)
    (found,) = macros.execute("select try_cast(read_number(?, '.', ',') as decimal(9, 2))", [text]).fetchall()
    assert found[0] == number_in(text, numbers_of([text])) == Decimal(value)


@pytest.mark.parametrize("text", ["R001", "PEN17", "1.5k", "12 tr", "5 %", "12 kg"])
def test_what_is_no_amount(text: str) -> None:
    """The beginning of an id is no currency, and what multiplies a number is not left out."""
    assert numbers_of([text]) is None


@pytest.mark.parametrize("text", ["1.5k", "12 tr", "5 %", "12 kg"])
def test_a_build_refuses_what_multiplies_a_number(text: str, macros: duckdb.DuckDBPyConnection) -> None:
    assert macros.execute("select read_number(?, '.', ',')", [text]).fetchone() == (f"unreadable: {text}",)


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2026年1月15日 13:05", "2026年12月3日 9:20"], ("%Y年%m月%d日 %H:%M",)),
        (["2026. 1. 15.", "2026. 12. 3."], ("%Y. %m. %d.",)),
        (["15/01/2026 3:04 p. m."], ("%d/%m/%Y %I:%M %p",)),
        (["2026/1/15 下午 3:04"], ("%Y/%m/%d %p %I:%M",)),
        (["3-Feb-26 3:04\u202fPM"], ("%d-%B-%y %I:%M %p",)),
    ],
)
def test_dates_with_words(texts: list[str], formats: tuple[str, ...], macros: duckdb.DuckDBPyConnection) -> None:
    """The format that is proposed reads them, once their words are English."""
    dates = dates_of(texts)
    assert dates is not None and dates.formats == formats
    form = formats[0]
    for text in texts:
        read = english_of("?") if has_words(form) else "?"
        assert macros.execute(f"select try_strptime({read}, ?) is not null", [text, form]).fetchone() == (True,), text


def test_years_as_in_thailand(macros: duckdb.DuckDBPyConnection) -> None:
    dates = dates_of(["15/01/2569", "29/02/2567"])
    assert dates is not None and dates.is_buddhist and dates.formats == ("%d/%m/%Y",)
    for text, gregorian in (("29/02/2567", "29/02/2024"), ("2569-01-15 10:00", "2026-01-15 10:00"), ("25691", "25691")):
        assert macros.execute("select gregorian(?)", [text]).fetchone() == (gregorian,)
    ours = dates_of(["15/01/2026"])
    assert ours is not None and not ours.is_buddhist


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["lan@vidu.vn", "MAI@EXAMPLE.COM"], "email"),
        (["0911 000 001", "84911000002", "+84 (0)911 000003"], "phone"),
        (["0912***678"], "phone"),
        (["new", "paid", "new", "paid", "new", "paid"], "code"),
        ([], "blank"),
        (["1250000", "990000"], "number"),
        ([f"word {number}" for number in range(40)], "text"),
    ],
)
def test_kinds_of_columns(texts: list[str], kind: str) -> None:
    assert kind_of(texts, len(texts)).name == kind


def test_a_line_of_totals_does_not_hide_the_dates_above_it() -> None:
    kind = kind_of(["2026-01-01", "2026-01-02", "2026-01-03", "Total"], 4)
    assert (kind.name, kind.strays) == ("date", 1)


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("khach1@vidu.vn", "email", "k…@….vn"),
        ("0911 000 001", "phone", "09…"),
        ("Phạm Lan", "text", "P… L…"),
        ("HD1", "code", "HD1"),
        ("call lan@vidu.vn", "code", "c…@….vn"),
        ("lan@vidu.vn +84912345678", "code", "l…@…"),
        ("@lan.zqtele0", "code", "…@…"),
        ("@lan.pham", "email", "…@…"),
        ("+84912345678", "code", "…"),
        ("0912345678 VND", "code", "… VND"),
    ],
)
def test_what_is_of_a_person_shows_its_shape_alone(text: str, kind: str, shown: str) -> None:
    assert masked(text, kind) == shown
