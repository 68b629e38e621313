"""Raw rows read and judged in plain Python, by the words of the contract, to compare with the warehouse.

It uses neither the project's SQL nor its descriptions of the raw tables.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Row = dict[str, Any]


class UnreadableError(Exception):
    """A value that is no timestamp, amount or boolean; its row is quarantined."""


@dataclass(frozen=True)
class Rules:
    """The rules of the contract for one raw table."""

    key: tuple[str, ...]
    required: tuple[str, ...]
    business_time: str | None = None
    one_of: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=())


def read_rows(files: Iterable[Path]) -> list[Row]:
    """Return all rows of a table's files; blank values become None."""
    rows: list[Row] = []
    for file in files:
        if file.suffix == ".parquet":
            rows += pq.read_table(file).to_pylist()
        else:
            with file.open(encoding="utf-8-sig", newline="") as stream:
                rows += [dict(row) for row in csv.DictReader(stream)]
    return [{name: _unless_blank(value) for name, value in row.items()} for row in rows]


def accepted_rows(rows: Iterable[Row], rules: Rules, as_of: datetime) -> list[Row]:
    """Return the rows that count: one per key, without rows that break a rule or lie after as-of."""
    latest: dict[tuple[Any, ...], Row] = {}
    for raw in rows:
        try:
            row = _typed(raw, rules)
        except UnreadableError:
            continue
        if any(row.get(name) is None for name in rules.required):
            continue
        if rules.one_of and all(row.get(name) is None for name in rules.one_of):
            continue
        if any((row.get(name) or 0) < 0 for name in rules.amounts):
            continue
        times = [row["updated_at"], row.get(rules.business_time) if rules.business_time else None]
        if any(time is not None and time > as_of for time in times):
            continue
        key = tuple(row[name] for name in rules.key)
        other = latest.get(key)
        if other is None or _version(row) > _version(other):
            latest[key] = row
        elif _version(row) == _version(other):
            assert row == other, f"the demo has two rows of {key} that only their md5 orders"
    return [row for row in latest.values() if not row["is_deleted"]]


def _version(row: Row) -> datetime:
    return row["updated_at"] or datetime.min


def _typed(raw: Row, rules: Rules) -> Row:
    row = dict(raw)
    for name in (*rules.times, "updated_at"):
        row[name] = _time(raw.get(name))
    for name in rules.dates:
        row[name] = _date(raw.get(name))
    for name in (*rules.amounts, *rules.numbers):
        row[name] = _number(raw.get(name))
    for name in (*rules.flags, "is_deleted"):
        row[name] = _flag(raw.get(name))
    for name in rules.names:
        row[name] = None if raw.get(name) is None else str(raw[name]).lower()
    return row


def _unless_blank(value: object) -> object:
    if isinstance(value, str):
        return value.strip() or None
    return value


def _time(value: object) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise UnreadableError(value) from error
    assert isinstance(value, datetime)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _date(value: object) -> date | None:
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise UnreadableError(value) from error


def _number(value: object) -> Decimal | None:
    if value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise UnreadableError(value) from error


def _flag(value: object) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if str(value).lower() not in ("true", "false"):
        raise UnreadableError(value)
    return str(value).lower() == "true"


# the identifier type of each column
_IDENTIFIERS = {
    "contact_id": "contact_id", "merged_into_contact_id": "contact_id", "referrer_contact_id": "contact_id",
    "referred_contact_id": "contact_id", "email": "email", "referred_email": "email", "phone": "phone",
    "anonymous_id": "anonymous_id",
}  # fmt: skip


def identifiers_of(row: Row) -> set[str]:
    """Return the identifiers in a raw row, as `type:value`, normalised."""
    found = {
        identifier
        for column, kind in _IDENTIFIERS.items()
        if (identifier := _identifier(kind, row.get(column))) is not None
    }
    if row.get("identifier_value") is not None:
        found |= {_identifier(str(row["identifier_type"]).lower(), row["identifier_value"]) or ""}
    return found


def _identifier(kind: str, value: object) -> str | None:
    if value is None:
        return None
    text = str(value)
    if kind == "email":
        text = text.lower()
    elif kind == "phone":
        text = vietnamese_phone(text) or ""
    return f"{kind}:{text}"


def identifiers_linked_to(
    requested: Iterable[str], records: Sequence[set[str]], placeholders: set[str], max_links: int
) -> set[str]:
    """Return all identifiers of the persons that the given ones belong to; shared identifiers link nobody."""
    neighbours: dict[str, set[str]] = {}
    for record in records:
        for identifier in record - placeholders:
            neighbours.setdefault(identifier, set()).update(record - placeholders - {identifier})

    def links(identifier: str) -> bool:
        of_people = [other for other in neighbours.get(identifier, ()) if not other.startswith("anonymous_id:")]
        return len(of_people) <= max_links

    found = set(requested)
    waiting = list(found)
    while waiting:
        identifier = waiting.pop()
        if links(identifier):
            reached = {other for other in neighbours.get(identifier, set()) - found if links(other)}
            found |= reached
            waiting += reached
    return found


def vietnamese_phone(text: str | None) -> str | None:
    """Return a Vietnamese phone number in E.164."""
    if text is None:
        return None
    digits = "".join(character for character in text if character.isdigit())
    if text.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00") and digits[2:3] not in ("", "0"):
        return f"+{digits[2:]}"
    if digits.startswith("84") and len(digits) >= 11:
        return f"+{digits}"
    return f"+84{digits.removeprefix('0')}"


def rounded(amount: Fraction) -> int:
    """Round to the minor unit of the currency, halves away from zero; the dong has no decimals."""
    whole = int(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole


class Rates:
    """Exchange rates to the reporting currency by day."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rates: dict[str, list[tuple[date, Fraction]]] = {}
        for row in sorted(rows, key=lambda row: row["rate_date"]):
            self._rates.setdefault(row["currency"], []).append((row["rate_date"], Fraction(row["rate_to_reporting"])))

    def on(self, currency: str | None, day: date, reporting_currency: str = "VND") -> Fraction | None:
        """Return the latest rate on or before the day; None without one."""
        if currency is None or currency == reporting_currency:
            return Fraction(1)
        rates = self._rates.get(currency, [])
        position = bisect_right(rates, day, key=lambda rate: rate[0])
        return rates[position - 1][1] if position else None


def local_day(moment: datetime, offset_hours: int = 7) -> date:
    """Return the day in Vietnam, which has no daylight saving time."""
    return (moment + timedelta(hours=offset_hours)).date()


def sessions_of(events: Iterable[Row], timeout: timedelta) -> list[tuple[datetime, datetime, int]]:
    """Return start, end and number of events of each session, which only a pause longer than the timeout ends."""
    by_cookie: dict[str, list[datetime]] = {}
    for event in events:
        by_cookie.setdefault(event["anonymous_id"], []).append(event["occurred_at"])
    sessions = []
    for moments in by_cookie.values():
        moments.sort()
        start = 0
        for position in range(1, len(moments) + 1):
            if position == len(moments) or moments[position] - moments[position - 1] > timeout:
                sessions.append((moments[start], moments[position - 1], position - start))
                start = position
    return sessions


def path_of(
    touches: Sequence[tuple[datetime, str]],
    converted_at: datetime,
    converted_before: datetime | None,
    lookback: timedelta,
) -> list[str]:
    """Return the touchpoints of a conversion's path, sorted by time and id."""
    opened = max(converted_before or datetime.min, converted_at - lookback)
    return [touchpoint for touched_at, touchpoint in touches if opened < touched_at <= converted_at]
