"""Raw tables with many refused rows: a changed export must not look as if the company had lost its customers."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from customer_journey.contract import raw_tables
from customer_journey.errors import BuildError
from customer_journey.landing.landed import FROM_CATALOG, kind_of
from customer_journey.landing.reason_codes import columns_of
from customer_journey.raw.origins import LARGEST_IN_A_BUILD, Origins, origins_of
from customer_journey.raw.raw_files import is_json, is_parquet
from customer_journey.warehouse import open_warehouse

# The summary lists a table from this share of refused rows; a table with fewer rows than this never stops a build.
REPORTED_SHARE = 0.05
STOPPED_FROM_ROWS = 100
REASONS = 3
# in the path of rows that an adapter made, between the export's folder and the SELECT
_THROUGH = " through "


@dataclass(frozen=True)
class Refusal:
    """A raw table with many refused rows, and the most frequent reasons as texts."""

    source_table: str
    rows: int
    refused: int
    reasons: Sequence[str]

    def stops(self, max_share: float) -> bool:
        """Return whether too many rows are refused to publish the others."""
        return self.rows >= STOPPED_FROM_ROWS and self.refused > max_share * self.rows

    def __str__(self) -> str:
        share = f"{100 * self.refused / self.rows:.0f} %"
        return (
            f"{self.source_table.replace('.', '/')}: {self.refused:,} of {self.rows:,} rows are refused ({share}): "
            + "; ".join(self.reasons)
        )


@dataclass(frozen=True)
class _Example:
    """The first row of a raw table that is refused for a reason."""

    source_table: str
    reason: str
    file_id: int
    row_number: int


def refusals(
    query: Callable[[str], Sequence[Sequence[Any]]],
    place: Callable[[_Example], str],
    counts: Sequence[tuple[str, int, int]],
) -> list[Refusal]:
    """Return the tables with at least 5 % refused rows, the highest share first.

    `query` runs SQL on the models, `place` says where an example is (examples_in), `counts` has for each table the
    numbers of all rows and of refused rows.
    """
    found = [
        Refusal(table, rows, refused, _reasons(query, place, table))
        for table, rows, refused in counts
        if rows and refused >= REPORTED_SHARE * rows
    ]
    return sorted(found, key=lambda refusal: (-refusal.refused / refusal.rows, refusal.source_table))


def landed_files(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Return the path of each landed file by its id; empty if an EL tool keeps the tables."""
    if not kind_of(connection, "private", "landed_files"):
        return {}
    return dict(connection.execute("select file_id, path from private.landed_files").fetchall())


def _reasons(
    query: Callable[[str], Sequence[Sequence[Any]]], place: Callable[[_Example], str], source_table: str
) -> list[str]:
    rows = query(
        f"""
        with refused as ({refused_in(source_table)}),
        numbered as (
            select
                row_reason,
                _file_id,
                _row_number,
                count(*) over (partition by row_reason) as refused_rows,
                row_number() over (partition by row_reason order by _file_id, _row_number) as place
            from refused
        )
        select row_reason, refused_rows, _file_id, _row_number
        from numbered
        where place = 1
        order by refused_rows desc, row_reason
        limit {REASONS}
        """
    )
    return [
        f"{reason} {count:,}{place(_Example(source_table, reason, file_id, row_number))}"
        for reason, count, file_id, row_number in rows
    ]


def refused_in(source_table: str, with_rejects: bool = True) -> str:
    """Return the SELECT of a raw table's refused rows, by staging or integrity checks: reason, file and row."""
    staged = f"""
            select row_reason, _file_id, _row_number
            from staging.stg_{source_table.replace(".", "__")}
            where row_status = 'quarantined'"""
    if not with_rejects:
        return staged
    return f"""{staged}
            union all
            select row_reason, _file_id, _row_number
            from intermediate.int_integrity_rejects
            where source_table = '{source_table}' and row_status = 'quarantined'
        """


class Place(NamedTuple):
    """Where a landed row is in its file, counted as a person who opens the file does."""

    file: str
    # `row`, or `record` in a JSON file
    unit: str
    number: int

    def __str__(self) -> str:
        return f"{self.unit} {self.number:,} of {self.file}"


def place_of(path: str, row_number: int) -> Place | None:
    """Return where a row is that landed under `path`; None for a table of another catalog.

    In text files and sheets the header is row 1; in Parquet and JSON the first record is 1.
    """
    if path.startswith(FROM_CATALOG):
        return None
    # remove the label that is added if one file serves several tables, or holds broken lines of an export
    file = re.sub(r"( through .+)? as [a-z_]+/[a-z_]+$", "", path)
    export, through, select = file.partition(_THROUGH)
    if through:
        return Place(f"the result of {select} for {export}", "row", row_number)
    if is_json(Path(file)):
        return Place(file, "record", row_number)
    return Place(file, "row", row_number if is_parquet(Path(file)) else row_number + 1)


@contextmanager
def examples_in(
    files: Mapping[int, str],
    raw: Path | None = None,
    warehouse: Path | None = None,
    named: Callable[[str], str] = str,
) -> Iterator[Callable[[_Example], str]]:
    """Yield a function that says where an example is, such as ` (such as row 3 of orders.csv)`.

    A row that an adapter made is named by the row of the export in `raw` that it was made of, if that is one certain
    row. `files` has the paths of the landed files by id, `named` returns a file's name as messages may show it.
    """
    tables = {table.source_table: table for table in raw_tables()}
    with ExitStack() as stack:

        @cache
        def origins() -> Origins | None:
            return stack.enter_context(origins_of(raw, LARGEST_IN_A_BUILD))

        def origin(path: str, example: _Example) -> Place | None:
            exports = origins()
            if exports is None or warehouse is None:
                return None
            table = tables[example.source_table]
            columns = ", ".join(columns_of(example.reason, table)) or "null"
            with open_warehouse(warehouse) as connection:
                values = connection.execute(
                    f"select {columns} from {table.relation} where _file_id = ? and _row_number = ?",
                    [example.file_id, example.row_number],
                ).fetchone()
                value = next((str(text).removeprefix("unreadable: ") for text in values or () if text), "")
                found = exports.of_landed(connection, path, table, example.file_id, example.row_number, value)
            return Place(named(found.file), found.unit, found.number) if found else None

        def place(example: _Example) -> str:
            path = files.get(example.file_id)
            if path is None:
                return ""
            found = None
            if _THROUGH in path:
                # the export may have changed since it was landed
                with suppress(BuildError, duckdb.Error, OSError):
                    found = origin(path, example)
            found = found or place_of(path, example.row_number)
            return f" (in {path.removeprefix(FROM_CATALOG)})" if found is None else f" (such as {found})"

        yield place
