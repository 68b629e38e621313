"""Published marts as files: CSV whose cells no spreadsheet runs as formulas, and Parquet with times in UTC."""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from customer_journey.errors import InputError, exhausted_resource, first_line
from customer_journey.paths import Output
from customer_journey.privacy.private_files import FORMULA_SIGNS
from customer_journey.publishing.publish import SCHEMA
from customer_journey.publishing.published import attach_marts, published_file, reading_marts
from customer_journey.raw.mapping import did_you_mean_one
from customer_journey.warehouse import quoted, quoted_name

FORMATS = ("csv", "parquet")
# rows in memory at once while CSV is written
_ROWS_AT_ONCE = 20_000
_TEXT = "VARCHAR"


@dataclass(frozen=True)
class Exported:
    """A file that was written, and the number of rows in it."""

    mart: str
    file: Path
    rows: int


def export_mart(output: Output, mart: str, file: Path, where: str | None = None, *, overwrite: bool) -> Exported:
    """Write a published mart, or its rows that meet the condition `where`, in the format of the file's suffix.

    Raises:
        InputError: there is no such mart, the condition is not valid, or the file cannot be written there.
    """
    if file.suffix.lower().lstrip(".") not in FORMATS:
        raise InputError(f"--to {file}: ends in neither .csv nor .parquet. Name a file with one of these suffixes.")
    with _published(output) as (connection, marts):
        if mart not in marts:
            raise InputError(
                f"{mart}: there is no mart of this name{did_you_mean_one(mart, marts) or '.'} docs/bi.md lists them."
            )
        _check_places([file], output, overwrite)
        return Exported(mart, file, _write(connection, mart, where, file))


def export_all(output: Output, folder: Path, file_format: str, *, overwrite: bool) -> Iterator[Exported]:
    """Write every published mart into a folder, each as <mart>.<format>; yield each when it is written.

    Raises:
        InputError: nothing is published, or a file cannot be written there.
    """
    with _published(output) as (connection, marts):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise InputError(f"--to {folder}: is a file. To export all marts, name a folder.") from error
        files = {mart: folder / f"{mart}.{file_format}" for mart in sorted(marts)}
        # check all before writing the first
        _check_places(list(files.values()), output, overwrite)
        for mart, file in files.items():
            yield Exported(mart, file, _write(connection, mart, None, file))


@contextmanager
def _published(output: Output) -> Iterator[tuple[duckdb.DuckDBPyConnection, set[str]]]:
    file = published_file(output)
    with reading_marts(file) as connection:
        yield connection, attach_marts(connection, SCHEMA, file)


def _check_places(files: Sequence[Path], output: Output, overwrite: bool) -> None:
    own = {path.resolve() for path in output.own()}
    for file in files:
        place = file.resolve()
        if place in own or any(parent in own for parent in place.parents):
            raise InputError(f"--to {file}: is a file or folder of the build itself. Choose another.")
        if not file.parent.is_dir():
            raise InputError(f"--to {file}: there is no folder {file.parent}. Create it, or choose another.")
        if file.is_dir():
            raise InputError(f"--to {file}: is a folder. Name the file in it.")
    taken = [file for file in files if os.path.lexists(file)]
    if taken and not overwrite:
        more = f", and so do {len(taken) - 1} more files" if len(taken) > 1 else ""
        raise InputError(f"--to {taken[0]}: exists already{more}. Choose another name, or add --overwrite.")


def _write(connection: duckdb.DuckDBPyConnection, mart: str, where: str | None, file: Path) -> int:
    """Write to a temporary file and rename it, so that no reader or synced folder sees half a mart."""
    kinds = {name: kind for name, kind, *_ in connection.execute(f"describe {SCHEMA}.{mart}").fetchall()}
    rows = f"{SCHEMA}.{mart}{_condition(connection, mart, where)}"
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        if file.suffix.lower() == ".csv":
            count = _write_csv(connection, kinds, rows, unfinished)
        else:
            count = _write_parquet(connection, kinds, rows, unfinished)
        os.replace(unfinished, file)
    except OSError as error:
        if exhausted_resource(error):
            raise
        raise InputError(f"--to {file}: cannot be written ({error.strerror}). Choose another place.") from error
    except duckdb.Error as error:
        if exhausted_resource(error) or where is None:
            raise
        # a valid condition may still fail on a row, for example when it casts a text to a number
        raise InputError(f"--where {where!r}: {first_line(error)}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _condition(connection: duckdb.DuckDBPyConnection, mart: str, where: str | None) -> str:
    if where is None:
        return ""
    condition = where.strip()
    if condition[:6].casefold() == "where ":
        condition = condition[6:].strip()
    try:
        # refuses anything but a single expression, such as a text that closes the bracket
        duckdb.SQLExpression(condition)
        connection.execute(f"explain select 1 from {SCHEMA}.{mart} where (\n{condition}\n)")
    except duckdb.Error as error:
        if exhausted_resource(error):
            raise
        # DuckDB's lines after the first empty one repeat the statement
        message = " ".join(str(error).split("\n\n")[0].split())
        raise InputError(f"--where {where!r}: {message}") from error
    return f" where (\n{condition}\n)"


def _write_csv(connection: duckdb.DuckDBPyConnection, kinds: dict[str, str], rows: str, file: Path) -> int:
    """Write CSV in UTF-8 with a byte order mark, without which Excel assumes another encoding."""
    found = connection.execute(f"select {', '.join(_csv_cell(*column) for column in kinds.items())} from {rows}")
    count = 0
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(kinds)
        while block := found.fetchmany(_ROWS_AT_ONCE):
            writer.writerows(block)
            count += len(block)
    return count


def _write_parquet(connection: duckdb.DuckDBPyConnection, kinds: dict[str, str], rows: str, file: Path) -> int:
    selected = ", ".join(
        # readers of Parquet take a timestamp without a zone for local time
        f"{name} at time zone 'UTC' as {name}" if kind == "TIMESTAMP" else name
        for name, kind in ((quoted_name(column), kind) for column, kind in kinds.items())
    )
    counted = connection.execute(
        f"copy (select {selected} from {rows}) to '{quoted(file)}' (format parquet, compression zstd)"
    ).fetchone()
    assert counted is not None
    return int(counted[0])


def _csv_cell(column: str, kind: str) -> str:
    """Return the SQL of a CSV cell: numbers and times as DuckDB writes them, text guarded against formulas."""
    name = quoted_name(column)
    if kind != _TEXT:
        # Spark's timestamps carry a zone, which is UTC; the others carry none and are UTC too
        plain = f"cast({name} as timestamp)" if kind == "TIMESTAMP WITH TIME ZONE" else name
        return f"cast({plain} as {_TEXT}) as {name}"
    begins_a_formula = f"{name} <> '' and contains('{quoted(FORMULA_SIGNS)}', left({name}, 1))"
    return f"case when {begins_a_formula} then concat('''', {name}) else {name} end as {name}"
