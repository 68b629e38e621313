"""Rows that a warehouse must quarantine or defer; `broken_rows.yml` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import yaml

from demo_company.book import Row
from demo_company.columns import from_rows
from demo_company.dirt import Dirt, row_keys
from demo_company.tables import SCHEMAS, text_schema
from demo_company.world import DAY, END

_TIMES = {"past": END - 100 * DAY, "just_now": END - 60, "future": END + 12 * 3_600}
_ROWS_PER_KIND = 2

Listed: TypeAlias = dict[str, list[dict[str, Row]]]


@cache
def _listed() -> dict[str, Listed]:
    text = Path(__file__).with_name("broken_rows.yml").read_text(encoding="utf-8")
    listed: dict[str, Listed] = yaml.safe_load(text)
    return listed


def broken_rows(dirt: Dirt, clean: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Typed rows to be quarantined or deferred. A row that needs a parent refers to one of the clean rows."""
    parents = {
        "order": _first(clean["orders/orders"], "order_id"),
        "deal": _first(clean["crm/deals"], "deal_id"),
    }
    rows: dict[str, list[Row]] = {}
    for disposition in ("quarantined", "deferred"):
        for table, listed in _listed()[disposition].items():
            for number in dirt.few(_ROWS_PER_KIND).tolist():
                for kind, row in ((kind, row) for entry in listed for kind, row in entry.items()):
                    filled = {name: _typed(table, name, value, {"n": number, **parents}) for name, value in row.items()}
                    rows.setdefault(table, []).append(filled)
                    dirt.truth.planted(table, kind, row_keys(table, from_rows(table, [filled])), disposition)
    return {table: from_rows(table, found) for table, found in rows.items()}


def unreadable_rows(dirt: Dirt) -> dict[str, pa.Table]:
    """Rows of CSV tables whose values cannot be read as the column's type."""
    tables: dict[str, list[pa.Table]] = {}
    for chapter, count in (("unreadable", _ROWS_PER_KIND), ("once", int(dirt.batch == 0))):
        for table, listed in _listed()[chapter].items():
            for number in dirt.few(count).tolist():
                for kind, row in ((kind, row) for entry in listed for kind, row in entry.items()):
                    filled = {name: str(value).format(n=number) for name, value in row.items()}
                    tables.setdefault(table, []).append(pa.Table.from_pylist([filled], schema=text_schema(table)))
                    dirt.truth.planted(table, kind, row_keys(table, tables[table][-1]), "quarantined")
    return {table: pa.concat_tables(rows) for table, rows in tables.items()}


def _typed(table: str, column: str, value: object, names: Mapping[str, object]) -> object:
    """Convert a listed value to the type of its column."""
    kind = SCHEMAS[table].field(column).type
    if not isinstance(value, str):
        return value
    if pa.types.is_timestamp(kind):
        return _TIMES[value]
    text = value.format(**names)
    return int(text) if pa.types.is_integer(kind) else text


def _first(table: pa.Table, column: str) -> str:
    return str(table[column][0].as_py()) if len(table) else "KHONG-CO"
