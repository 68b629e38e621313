"""The refused rows of the last build, for the owner of the private warehouse: where they are, why, and what to do."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError, LockedError, first_line
from customer_journey.landing.landed import kind_of
from customer_journey.landing.reason_codes import columns_of, explanation_of
from customer_journey.landing.refused import Place, landed_files, place_of, refused_in
from customer_journey.paths import Output
from customer_journey.raw.mapping import did_you_mean
from customer_journey.raw.origins import Origins, keys_of, origins_of
from customer_journey.terminal import plain_line
from customer_journey.warehouse import memory_limit

HEADER = ("table", "file", "row", "reason", "column", "value", "means", "do")
# the most characters of a value that are shown
_SHOWN = 60


@dataclass(frozen=True)
class RefusedRow:
    """One refused row: `row` as counted in the opened file; several columns if any one of them would suffice."""

    table: str
    file: str
    row: int | None
    unit: str
    reason: str
    columns: tuple[str, ...]
    # as delivered; None if empty
    values: tuple[str | None, ...]

    def cells(self) -> tuple[object, ...]:
        """Return the cells of the row for the CSV file, in the order of HEADER."""
        explanation = explanation_of(self.reason)
        return (
            self.table, self.file, self.row, self.reason, ", ".join(self.columns),
            ", ".join(value or "" for value in self.values), explanation.means, explanation.do,
        )  # fmt: skip

    def __str__(self) -> str:
        place = f"{self.file} {self.unit} {self.row}" if self.row is not None else self.file
        problems = [
            f"{column} is {'empty' if not (value or '').strip() else _shown(value or '')}"
            for column, value in zip(self.columns, self.values, strict=True)
        ]
        return f"{place}: {', '.join(problems)}" if problems else place


def _shown(value: str) -> str:
    text = plain_line(value)
    return f"“{text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''}”"


def refused_rows(
    output: Output, table: str | None = None, reason: str | None = None, raw: Path | None = None
) -> list[RefusedRow]:
    """Return the refused rows of the last build, optionally of one table or reason; the most frequent reason first.

    With the raw folder, a row that an adapter made is placed in the export, if it was made of one row.

    Raises:
        InputError: nothing was built here on DuckDB, or there is no such table or reason.
        LockedError: a build is running in this folder.
    """
    tables = _tables(table)
    with _opened(output) as connection, origins_of(raw) as origins:
        files = landed_files(connection)
        staged = [one for one in tables if kind_of(connection, "staging", f"stg_{one.source}__{one.name}")]
        if not staged:
            raise InputError(f"{output.root}: no build here got as far as checking rows. Run scripts/build first.")
        with_rejects = kind_of(connection, "intermediate", "int_integrity_rejects") is not None
        rows: list[RefusedRow] = []
        known: set[str] = set()
        for one in staged:
            counts = connection.execute(
                f"select row_reason, count(*) from ({refused_in(one.source_table, with_rejects)})"
                " group by row_reason order by count(*) desc, row_reason"
            ).fetchall()
            known |= {name for name, _ in counts}
            for name, _ in counts:
                if reason in (None, name):
                    rows += _rows_of(connection, one, name, files, with_rejects, origins)
    if reason is not None and reason not in known and known:
        raise InputError(f"--reason {reason}: no row was refused for it{did_you_mean(reason, known)}")
    return rows


def _tables(wanted: str | None) -> Sequence[RawTable]:
    known = {table.label: table for table in raw_tables()}
    if wanted is None:
        return list(known.values())
    label = wanted.replace(".", "/", 1)
    if label not in known:
        raise InputError(f"--table {wanted}: there is no raw table {label}{did_you_mean(label, known)}")
    return [known[label]]


def _opened(output: Output) -> duckdb.DuckDBPyConnection:
    if not output.warehouse.exists():
        raise InputError(f"{output.root}: nothing was built here. Run scripts/build first, or name another --out.")
    try:
        connection = duckdb.connect(str(output.warehouse), read_only=True, config={"memory_limit": memory_limit()})
    except duckdb.IOException as error:
        if "Could not set lock" in str(error):
            raise LockedError(f"{output.root}: a build is running in this folder. Wait for it to end.") from error
        raise InputError(f"{output.warehouse}: cannot be opened ({first_line(error)}).") from error
    if kind_of(connection, "private", "engine"):
        row = connection.execute("select name from private.engine").fetchone()
        if row is not None and row[0] != "duckdb":
            connection.close()
            raise InputError(
                f"{output.root}: was built on {row[0]}, so its refused rows are there too. Query the tables of the "
                "database staging for row_status = 'quarantined'."
            )
    return connection


def _rows_of(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    reason: str,
    files: dict[int, str],
    with_rejects: bool,
    origins: Origins | None,
) -> Iterator[RefusedRow]:
    there = connection.table(table.relation).columns
    columns = tuple(name for name in columns_of(reason, table) if name in there)
    values = "".join(f", cast(landed.{name} as varchar)" for name in (*table.key, *columns))
    rows = connection.execute(
        f"select refused._file_id, refused._row_number{values}"
        f" from ({refused_in(table.source_table, with_rejects)}) as refused"
        f" left join {table.relation} as landed"
        " on refused._file_id = landed._file_id and refused._row_number = landed._row_number"
        " where refused.row_reason = ? order by refused._file_id, refused._row_number",
        [reason],
    ).fetchall()
    keys: dict[int, dict[str, list[str]]] = {}
    for file_id, row_number, *texts in rows:
        path = files.get(file_id)
        key, found = texts[: len(table.key)], texts[len(table.key) :]
        place = place_of(path, row_number) if path is not None else None
        if origins is not None and path is not None and " through " in path:
            if file_id not in keys:
                keys[file_id] = keys_of(connection, table, file_id)
            value = next((text.removeprefix("unreadable: ") for text in found if text), "")
            origin = origins.of(path, table, dict(zip(table.key, key, strict=True)), keys[file_id], value)
            place = Place(origin.file, origin.unit, origin.number) if origin else place
        yield RefusedRow(
            table.label,
            place.file if place else path or f"the EL tool's table of {table.label}",
            place.number if place else None,
            place.unit if place else "",
            reason,
            columns,
            # the mark of a number that does not fit the decimal and thousands signs of the mapping
            tuple(None if value is None else value.removeprefix("unreadable: ") for value in found),
        )


def lines(rows: Sequence[RefusedRow], limit: int) -> Iterator[str]:
    """Yield the lines for a terminal: each table and reason with its meaning, and `limit` rows in all."""
    if not rows:
        yield "No row is refused."
        return
    groups: dict[tuple[str, str], list[RefusedRow]] = {}
    for row in rows:
        groups.setdefault((row.table, row.reason), []).append(row)
    # one row of each reason first: otherwise the most frequent reason would hide all others
    in_turns = sorted(
        (place, number) for number, group in enumerate(groups.values()) for place in range(min(limit, len(group)))
    )
    shown = Counter(number for _, number in in_turns[:limit])
    for number, ((table, reason), group) in enumerate(groups.items()):
        explanation = explanation_of(reason)
        advice = f": {explanation.means}. Do: {explanation.do}" if explanation.means else ""
        yield f"{table} {reason} {len(group):,}{advice}"
        for row in group[: shown[number]]:
            yield f"    {row}"
    if shown.total() < len(rows):
        yield f"{shown.total():,} of {len(rows):,} rows are shown: --limit shows more, --to FILE.csv writes all."
