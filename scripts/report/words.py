"""Texts filled with figures, in English and Vietnamese."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from babel.numbers import format_compact_decimal, format_decimal, format_percent, get_currency_precision

LANGUAGES = ("en", "vi")
# {column} or {column|format}
_PLACE = re.compile(r"\{(\w+)(?:\|(\w+))?\}")
_HOURS_OF_A_DAY = 24
_PERSONS = {"en": "persons", "vi": "người"}


def columns_of(template: str) -> list[str]:
    """Return the columns that a text is filled from."""
    return [column for column, _ in _PLACE.findall(template)]


def fill(
    template: str,
    row: Mapping[str, Any],
    language: str,
    currency: str,
    texts: Mapping[str, str] = MappingProxyType({}),
    kinds: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Fill a text: `{column}` as it stands, or its name in this language, `{column|format}` as a figure.

    Formats: number, persons, money (of `currency`), rate (0.5 is 50 %), ratio, points (0.1 is 10), nps (-100 to 100,
    signed), score (-1 to 1, signed), hours (days from 48 on), or a name that `kinds` has. `texts` has the words of a
    value as column.value.
    """

    def place(match: re.Match[str]) -> str:
        column, kind = match.groups()
        value = row.get(f"{column}_{language}", row.get(column))
        if kind is None:
            return texts.get(f"{column}.{value}", str(value))
        return figure(value, kinds.get(kind, kind), language, currency)

    return _PLACE.sub(place, template)


def figure(value: float | None, kind: str, language: str, currency: str) -> str:
    """Write one figure as people read it in a language; a dash for what is not known."""
    if value is None:
        return "–"
    if kind == "money":
        return f"{_amount(value, language, decimals_of(currency))} {currency}"
    if kind == "hours":
        return _hours(value, language)
    return _FORMATS[kind](value, language)


def decimals_of(currency: str) -> int:
    """Return the decimals with which small amounts are written: none for VND, two for USD and KWD."""
    return min(2, get_currency_precision(currency))


def _amount(value: float, language: str, decimals: int) -> str:
    if decimals and 0 < abs(value) < 100:
        return format_decimal(value, f"0.{'0' * decimals}", locale=language)
    # two decimals are enough in a chart: 1.53 billion, 1,53 tỷ
    if abs(value) < 10_000:
        return format_decimal(round(value), locale=language)
    return format_compact_decimal(value, format_type="long", fraction_digits=2, locale=language).replace("\u00a0", " ")


def _hours(value: float, language: str) -> str:
    days = value / _HOURS_OF_A_DAY
    if days < 2:
        return f"{format_decimal(round(value, 1), locale=language)} {'giờ' if language == 'vi' else 'h'}"
    return f"{format_decimal(round(days, 1), locale=language)} {'ngày' if language == 'vi' else 'days'}"


def _signed(value: float, language: str, digits: int) -> str:
    text = format_decimal(abs(value), f"0.{'0' * digits}" if digits else "0", locale=language)
    sign = "" if not float(f"{value:.{digits}f}") else "+" if value > 0 else "−"
    return sign + text


_FORMATS: dict[str, Callable[[float, str], str]] = {
    "number": lambda value, language: format_decimal(round(value), locale=language),
    "persons": lambda value, language: f"{format_decimal(value, locale=language)} {_PERSONS[language]}",
    "rate": lambda value, language: format_percent(value, "0.0 %" if abs(value) < 0.1 else "0 %", locale=language),
    "ratio": lambda value, language: format_decimal(value, "#,##0.0", locale=language),
    "points": lambda value, language: _signed(100 * value, language, 0),
    "nps": lambda value, language: _signed(value, language, 0),
    "score": lambda value, language: _signed(value, language, 2),
}
