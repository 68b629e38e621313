"""Finds the row of an export that an adapter's row was made of, for messages about refused rows.

A SELECT does not say which rows it reads. But the key of the rows that it makes is usually in a column of the
export: that column is found by the keys of many rows, and the row by the key of the one in question.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb

from customer_journey.contract import RawTable
from customer_journey.raw.adapters import Input, read_export
from customer_journey.raw.deliveries import Export, plan_of, takes_prefix
from customer_journey.raw.raw_files import is_json, is_parquet
from customer_journey.warehouse import quoted_name

# The column of an export that holds a table's keys is found by this many keys, of which this share must stand in it.
_SAMPLE = 200
_MOST = 0.8
# An export above this size is not read again for a message: by a command that only judges rows, and by a build.
_LARGEST = 256 * 2**20
LARGEST_IN_A_BUILD = 32 * 2**20


class Origin(NamedTuple):
    """The row of an export that a row was made of, counted as whoever opens the file does."""

    file: str
    # `row`, or `record` in a JSON file
    unit: str
    number: int
    # the column with the refused value as delivered; empty if none has it
    column: str


class _Part(NamedTuple):
    """A file of an export, read into a table."""

    label: str
    relation: str
    columns: Sequence[str]
    input_name: str


class Origins:
    """The exports of a raw folder, each read when a row of it is asked for."""

    def __init__(self, raw: Path, connection: duckdb.DuckDBPyConnection, largest: int = _LARGEST) -> None:
        self._raw = raw
        self._connection = connection
        self._largest = largest
        self._exports = plan_of(raw).exports
        self._parts: dict[int, list[_Part]] = {}
        self._columns: dict[tuple[int, str, str], str | None] = {}

    def of(
        self, path: str, table: RawTable, made: Mapping[str, str | None], keys: Mapping[str, Sequence[str]], value: str
    ) -> Origin | None:
        """Return where a row that landed under `path` comes from; None if that is not one certain row.

        `made` are the key columns of the row, `keys` the values of each in a sample of rows of the same table, and
        `value` is the refused value, which decides among several rows with the same key.
        """
        number = next((place for place, one in enumerate(self._exports) if one.path(table) == path), None)
        if number is None:
            return None
        export = self._exports[number]
        if export.files is None or sum(file.stat().st_size for file in export.files if file.exists()) > self._largest:
            return None
        inputs = export.adapter.inputs_of(export.adapter.selects[table])
        parts = [part for part in self._read(number) if part.input_name in inputs]
        found: set[tuple[str, int]] | None = None
        is_whole = True
        for column, text in made.items():
            own = self._column(number, parts, table, column, [_plain(export, column, key) for key in keys[column]])
            if own is None or text is None:
                is_whole = False
                continue
            rows = set(self._rows(parts, own, _plain(export, column, text)))
            found = rows if found is None else found & rows
        if not found:
            return None
        by_value = {(part, row): self._holding(part, row, value, parts) for part, row in found} if value else {}
        if len(found) > 1 or not is_whole:
            # not the line number: an order may have several rows, numbered by the SELECT itself
            found = {place for place in found if by_value.get(place)}
        if len(found) != 1:
            return None
        ((label, row),) = found
        unit = "record" if is_json(Path(label)) else "row"
        shift = 0 if is_json(Path(label)) or is_parquet(Path(label)) else 1
        return Origin(label, unit, row + shift, by_value.get((label, row), ""))

    def of_landed(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        path: str,
        table: RawTable,
        file_id: int,
        row_number: int,
        value: str,
    ) -> Origin | None:
        """Return where a landed row of the warehouse comes from, as `of` does."""
        found = warehouse.execute(
            f"select {', '.join(table.key)} from {table.relation} where _file_id = ? and _row_number = ?",
            [file_id, row_number],
        ).fetchone()
        made = dict(zip(table.key, found or (), strict=False))
        return self.of(path, table, made, keys_of(warehouse, table, file_id), value)

    def _read(self, number: int) -> list[_Part]:
        if number not in self._parts:
            export = self._exports[number]
            read = read_export(
                self._connection,
                export.adapter,
                export.use,
                export.files or (),
                export.where,
                self._raw,
                f"origin_{number}",
            )
            self._parts[number] = [
                _Part(part.label, part.relation, part.columns, part.found.name)
                for part in read
                if isinstance(part.found, Input)
            ]
        return self._parts[number]

    def _column(
        self, number: int, parts: Sequence[_Part], table: RawTable, column: str, keys: Sequence[str]
    ) -> str | None:
        """Return the column of the export that holds the keys of a table; None if none holds most of them."""
        place = (number, table.label, column)
        if place not in self._columns:
            wanted = list(dict.fromkeys(keys))[:_SAMPLE]
            held: dict[str, set[str]] = {}
            for part in parts:
                for name in part.columns:
                    rows = self._connection.execute(
                        f"select distinct trim({quoted_name(name)}) from {part.relation}"
                        f" where trim({quoted_name(name)}) in (select unnest(?))",
                        [wanted],
                    ).fetchall()
                    held.setdefault(name, set()).update(text for (text,) in rows)
            best = max(held, key=lambda name: len(held[name]), default=None)
            enough = best is not None and len(held[best]) >= max(1, _MOST * len(wanted))
            self._columns[place] = best if enough else None
        return self._columns[place]

    def _rows(self, parts: Sequence[_Part], column: str, text: str) -> Iterator[tuple[str, int]]:
        for part in parts:
            if column in part.columns:
                rows = self._connection.execute(
                    f"select _row from {part.relation} where trim({quoted_name(column)}) = ?", [text]
                ).fetchall()
                yield from ((part.label, row) for (row,) in rows)

    def _holding(self, label: str, row: int, value: str, parts: Sequence[_Part]) -> str:
        """Return the column of a row that holds a value; empty if none does."""
        part = next(part for part in parts if part.label == label)
        names = ", ".join(f"trim({quoted_name(name)})" for name in part.columns)
        texts = self._connection.execute(f"select {names} from {part.relation} where _row = ?", [row]).fetchone() or ()
        return next((name for name, text in zip(part.columns, texts, strict=True) if text == value.strip()), "")


def _plain(export: Export, column: str, text: str) -> str:
    """Return an id as the export has it, without the prefix of the mapping."""
    return text.removeprefix(export.use.id_prefix) if takes_prefix(column) else text.strip()


@contextmanager
def origins_of(raw: Path | None, largest: int = _LARGEST) -> Iterator[Origins | None]:
    """Yield the origins of a raw folder, which are read into memory; None without a folder.

    Exports of more bytes than `largest` are not read.
    """
    if raw is None:
        yield None
        return
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield Origins(raw, connection, largest)


def keys_of(connection: duckdb.DuckDBPyConnection, table: RawTable, file_id: int) -> dict[str, list[str]]:
    """Return the values of each key column in a sample of a landed file's rows."""
    rows = connection.execute(
        f"select {', '.join(table.key)} from {table.relation} where _file_id = ? order by _row_number limit {_SAMPLE}",
        [file_id],
    ).fetchall()
    return {column: [row[place] for row in rows if row[place]] for place, column in enumerate(table.key)}
