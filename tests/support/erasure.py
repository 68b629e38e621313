"""Raw rows of Hoa, a person who asks to be erased, and a search for traces of her."""

import base64
import contextlib
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import duckdb

from tests.support.builds import write_rows

# Hoa ordered, with a cookie that her e-mail identifies; each value occurs in no other row
TRACES = (
    "hoa.erased@example.com",
    "contact-hoa",
    "cookie-hoa",
    "+84987654321",
    "order-hoa",
    "refund-hoa",
    "Hoa Nguyen",
)
REQUEST = {
    "request_id": "r1",
    "identifier_type": "email",
    "identifier_value": "hoa.erased@example.com",
    "requested_at": "2026-12-31",
}


# her address and number as people write them to hide them, or as tools encode them
SPELLINGS = (
    "Hoa.Erased@EXAMPLE.com",
    "hoa.\0erased@exam\x1bple.com",
    "hoa.erased%40example.com",
    "hoa%252Eerased%2540example.com",
    "hoa.erased&#64;example.com",
    "hoa.erased\uff20example\uff0ecom",
    "\uff48\uff4f\uff41.erased@example.com",
    "h\u200bo\u200ba.erased@exa\u2060mple.com",
    "\u202ehoa.erased@example.com\u202c",
    "hoa.erased (at) example (dot) com",
    "hoa dot erased [at] example [dot] com",
    "hoa.erased a còng example chấm com",
    "hoa.erased @ example . com or later",
    "hoa.erased&commat;example&period;com",
    "hoa.erased\\u0040example.com",
    "hoa.erased=40example.com",
    "hoa.erased_at_example.com",
    "hoa_dot_erased_at_example_dot_com",
    "aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ==",
    "aG9hLmVyYXNlZEBleGFtcGxlLmNvbQ",
    "%68%6f%61%2e%65%72%61%73%65%64%40example.com",
    "+84\u200b987\u200b654\u200b321",
    "84987654321",
    "84-987-654-321",
    "0987.654.321",
    "0987_654_321",
    "0 9 8 7 6 5 4 3 2 1",
    "sdt0987654321",
    "".join(chr(0x0660 + int(digit)) for digit in "0987654321"),
    "0987%20654%20321",
    "MDk4NzY1NDMyMQ==",
)
# her address and number reduced to letters and digits, which every spelling contains
_SQUEEZED = (
    "hoaerasedexamplecom", "hoaerasedatexampledotcom", "hoadoterasedatexampledotcom", "hoaerasedacngexamplechmcom",
    "hoaerasedu0040examplecom", "hoaerased40examplecom", "hoaerasedatexamplecom", "987654321",
)  # fmt: skip


def write_hoa(raw: Path, part: str) -> None:
    """Write her rows, and a few of somebody else, as one file of each raw table that has rows of hers."""
    hoa = {"contact_id": "contact-hoa", "created_at": "2026-01-02"}
    write_rows(raw, "crm/contacts", [
        {"contact_id": "1", "email": "mai@example.com", "created_at": "2026-01-01T00:00:00Z"},
        {**hoa, "email": "Hoa.Erased@example.com", "full_name": "Hoa Nguyen"},
        {**hoa, "email": "hoa.erased@example.com", "updated_at": "2026-01-03"},
    ], part=part)  # fmt: skip
    view = {"occurred_at": "2026-01-03T08:00:00Z", "event_name": "page_view"}
    write_rows(raw, "web/events", [
        {"event_id": "e1", "anonymous_id": "c1", **view},
        {"event_id": "e2", "anonymous_id": "cookie-hoa", **view},
    ], part=part)  # fmt: skip
    write_rows(raw, "web/identities", [{
        "anonymous_id": "cookie-hoa", "identifier_type": "email", "identifier_value": "HOA.erased@example.com",
        "identified_at": "2026-01-03T09:00:00Z",
    }], part=part)  # fmt: skip
    order = {"status": "paid", "total_amount": "100", "ordered_at": "2026-01-03T08:02:00Z"}
    write_rows(raw, "orders/orders", [
        {"order_id": "o1", "email": "mai@example.com", **order},
        {"order_id": "order-hoa", "anonymous_id": "cookie-hoa", "phone": "+84987654321", **order},
    ], part=part)  # fmt: skip
    write_rows(raw, "orders/order_items", [
        {"order_id": "order-hoa", "line_number": "1", "product_id": "p", "quantity": "1", "unit_price": "100"},
        {"order_id": "o1", "line_number": "1", "product_id": "p", "quantity": "1", "unit_price": "100"},
    ], part=part)  # fmt: skip
    write_rows(raw, "orders/refunds", [
        {"refund_id": "refund-hoa", "order_id": "order-hoa", "refunded_at": "2026-01-04", "amount": "10"},
    ], part=part)  # fmt: skip


def traces_under(out: Path) -> dict[str, list[str]]:
    """Return the traces of Hoa in each file below a folder.

    Pages of Parquet and DuckDB are compressed, so table values are read besides the bytes of all files.
    """
    return {
        file.relative_to(out).as_posix(): found
        for file in out.rglob("*")
        if file.is_file() and (found := _traces_in(file))
    }


def _traces_in(file: Path) -> list[str]:
    read: Callable[[Path], Iterator[str]] = {".parquet": _parquet, ".duckdb": _tables}.get(file.suffix, _nothing)
    content = file.read_bytes()
    found = {trace for trace in TRACES if trace.lower().encode() in content.lower()}
    found |= spelt_in(content.decode(errors="ignore"))
    for value in (str(file), *read(file)):
        found |= {trace for trace in TRACES if trace.lower() in value.lower()}
        for reading in readings_of(value):
            found |= spelt_in(reading)
    return [trace for trace in (*TRACES, *_SQUEEZED) if trace in found]


def spelt_in(text: str) -> set[str]:
    """Return the identifiers of hers that a text contains, whatever stands between their characters."""
    letters = re.sub("[^0-9a-z]", "", unicodedata.normalize("NFKC", text).casefold())
    return {trace for trace in _SQUEEZED if trace in letters}


def readings_of(text: str) -> Iterator[str]:
    """Yield a text as it stands and decoded: its links, its digits of other scripts, its base64."""
    yield text
    link = unquote(unquote(html.unescape(text)))
    yield "".join(str(unicodedata.digit(sign, sign)) for sign in link)
    for token in re.findall("[A-Za-z0-9+/_-]{12,}", text):
        with contextlib.suppress(ValueError):
            yield base64.urlsafe_b64decode(token.translate({43: "-", 47: "_"}) + "=" * (-len(token) % 4)).decode(
                "ascii"
            )


def _nothing(file: Path) -> Iterator[str]:
    return iter(())


def _parquet(file: Path) -> Iterator[str]:
    with duckdb.connect() as connection:
        yield from _values(connection, f"read_parquet('{str(file).replace(chr(39), chr(39) * 2)}')")


def _tables(file: Path) -> Iterator[str]:
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            yield from _values(connection, f'"{schema}"."{table}"')


def _values(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[str]:
    for (row,) in connection.execute(f"select rows::varchar from {relation} as rows").fetchall():
        yield row
