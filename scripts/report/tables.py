"""What the report asks of the published marts: one query a table, cut to what a page of three megabytes can hold."""

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

QUERIES = Path(__file__).parent / "queries"
# cells with fewer persons could identify somebody, so they are left out in rows of one persona or customer type
MIN_PERSONS = 5
_MAP_TABLES = ("map", "map_items", "map_touchpoints", "map_emotions")
# the tables that Limits cut
CUT_TABLES = (*_MAP_TABLES, "flow", "go_on_by_persona")
# number of months shown in the tables of figures
_MONTHS_OF_FIGURES = 36


@dataclass(frozen=True)
class Limits:
    """How much of the journey map and of what is shown beside it the page holds.

    `months` (of everybody) and `quarters` up to as-of that can be chosen, `personas` (those of most persons), and
    `items` of a kind in a cell.
    """

    months: int
    quarters: int
    personas: int
    items: int


# Limits from generous to strict; the first with which the page fits is used. A quarter is held for each persona and
# customer type, a month for everybody alone, so quarters and personas are cut first.
LIMITS = (
    Limits(months=24, quarters=12, personas=30, items=5),
    Limits(months=24, quarters=8, personas=20, items=5),
    Limits(months=24, quarters=8, personas=15, items=3),
    Limits(months=24, quarters=4, personas=10, items=3),
    Limits(months=12, quarters=4, personas=10, items=3),
    Limits(months=12, quarters=4, personas=5, items=3),
    Limits(months=0, quarters=0, personas=5, items=3),
)


def query(name: str) -> str:
    """Return the SELECT that makes a table, as the page shows it."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8").strip()


def read_table(connection: duckdb.DuckDBPyConnection, name: str, limits: Limits, as_of_month: str) -> pa.Table:
    """Ask one query of the marts, and cut it.

    `as_of_month` is the month of as-of in the reporting time zone, as 2026-03. Texts come as dictionaries, days and
    moments as texts, and all numbers as whole ones or floats.
    """
    relation = connection.sql(query(name))
    kept = _kept(name, relation.columns, limits, as_of_month)
    columns = ", ".join(
        _shown(column, str(kind)) for column, kind in zip(relation.columns, relation.types, strict=True)
    )
    # rows keep the order of the query when filtered
    return connection.sql(f"select {columns} from relation where {kept}").to_arrow_table()


def rows_of(table: pa.Table, **values: object) -> list[dict[str, Any]]:
    """Return the rows of a table that have these values, each by column."""
    return [row for row in table.to_pylist() if all(row[name] == value for name, value in values.items())]


def encoded(table: pa.Table) -> dict[str, Any]:
    """Return a table column by column, texts as places in a dictionary: a tenth of the bytes of rows."""
    return {
        "columns": table.column_names,
        "n": table.num_rows,
        "data": {name: _encoded(table.column(name)) for name in table.column_names},
    }


def packed(document: dict[str, Any]) -> str:
    """Return a document as JSON, gzipped, in base64; the same document gives the same text."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=6, mtime=0)).decode()


def _shown(column: str, kind: str) -> str:
    if kind.startswith(("DECIMAL", "DOUBLE", "FLOAT", "HUGEINT")):
        return f'"{column}"::double as "{column}"'
    if kind.startswith(("DATE", "TIMESTAMP")):
        return f'"{column}"::varchar as "{column}"'
    return f'"{column}"'


def _kept(name: str, columns: list[str], limits: Limits, as_of_month: str) -> str:
    conditions = ["true"]
    if name in CUT_TABLES:
        months = _months_until(as_of_month, limits.months)
        quarters = sorted({_quarter(month) for month in _months_until(as_of_month, 3 * limits.quarters)})
        if "period" in columns:
            conditions.append(f"period in ({_list(['all', *months, *quarters])})")
        if "persona" in columns:
            conditions.append(
                "(persona = 'all' or persona in (select persona from marts.journey_map"
                " where period = 'all' and customer_type = 'all' and persona <> 'all'"
                f" group by persona order by max(persons) desc, persona limit {limits.personas}))"
            )
        if name in _MAP_TABLES:
            of_all = "(customer_type = 'all' and persona = 'all')"
            conditions.append(f"({of_all} or persons >= {MIN_PERSONS})")
            # months by persona or type would fill most of the page and say little
            conditions.append(f"({of_all} or period not in ({_list(['', *months])}))")
        if name == "map_items":
            conditions.append(f"rank <= {limits.items}")
        if name == "map_touchpoints":
            # what the cell shows, and the most frequent for its table
            conditions.append(f'("leading" > 0 or least(above, below) <= 2 or rank <= {limits.items})')
    first = _months_until(as_of_month, _MONTHS_OF_FIGURES)[0]
    months_of = ("month_start", "cohort_month", "date_day")
    conditions += [f"{month} >= '{first}-01'" for month in months_of if month in columns]
    return " and ".join(conditions)


def _months_until(month: str, count: int) -> list[str]:
    """Return the `count` months that end with `month`, as 2026-03, in order."""
    year, number = (int(part) for part in month.split("-"))
    last = 12 * year + number - 1
    return [f"{place // 12:04}-{place % 12 + 1:02}" for place in range(last - count + 1, last + 1)]


def _quarter(month: str) -> str:
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def _list(texts: list[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts)


def _encoded(column: pa.ChunkedArray) -> dict[str, list[Any]] | list[Any]:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        packed_column = column.combine_chunks().dictionary_encode()
        return {"d": packed_column.dictionary.to_pylist(), "i": packed_column.indices.fill_null(-1).to_pylist()}
    if pa.types.is_floating(column.type):
        return [short(value) for value in column.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values


def short(value: float | None) -> float | None:
    """Return a number rounded to six digits, more than the page shows, but a whole one as it is; None for NaN."""
    if value is None or value - value != 0:
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else float(f"{value:.6g}")
