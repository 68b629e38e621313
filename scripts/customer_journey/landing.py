"""Landing: raw files into the private warehouse, as text, with the contract checked before a row is read."""

import csv
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError

SUFFIXES = (".parquet", ".csv")


@dataclass
class LandingReport:
    """What landing found: files read and known, optional tables that are absent, columns and files nobody knows."""

    files_read: int = 0
    files_known: int = 0
    absent_tables: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)


def land(connection: duckdb.DuckDBPyConnection, raw: Path, on_progress: Callable[[str, float], None]) -> LandingReport:
    """Land every file under `raw` that is new or changed since the last build, all of them or none.

    A file is known by its path under `raw` and its content. A changed file replaces the rows it landed before, a
    vanished one keeps them. `on_progress` gets the table at work and the share done, 0 to 1.

    Raises:
        InputError: a required table or column is missing, or a file cannot be read.
    """
    if not raw.is_dir():
        raise InputError(f"{raw}: no such folder. --raw wants a folder that holds <source>/<table> files.")
    report = LandingReport()
    tables = raw_tables()
    report.drift += _unknown_files(raw, tables)
    files = {table: _files_of(raw, table) for table in tables}
    for table, found in files.items():
        if not found:
            if table.is_required:
                raise InputError(
                    f"{raw / table.source / table.name}: required table {table.label} is missing. "
                    f"Add {table.name}.parquet or {table.name}.csv (it may be empty below its header)."
                )
            report.absent_tables.append(table.label)
    # Every file is checked before the first row lands: what the user is told does not depend on what loaded before.
    columns = {}
    for table, found in files.items():
        for file in found:
            columns[file] = _columns_of(connection, file)
            report.drift += _check_columns(table, file, columns[file])
    connection.execute("begin")
    try:
        _create_manifest(connection)
        for number, (table, found) in enumerate(files.items()):
            on_progress(table.label, number / len(files))
            for file in found:
                path = file.relative_to(raw).as_posix()
                if _land_file(connection, table, file, path, columns[file]):
                    report.files_read += 1
                else:
                    report.files_known += 1
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return report


def _unknown_files(raw: Path, tables: Iterable[RawTable]) -> list[str]:
    known = {table.label for table in tables}
    return [
        f"{file.relative_to(raw).as_posix()}: no table of the contract, not read"
        for folder in sorted(raw.iterdir())
        if folder.is_dir()
        for file in sorted(folder.iterdir())
        if (file.suffix in SUFFIXES or file.is_dir()) and f"{folder.name}/{file.stem}" not in known
    ]


def _files_of(raw: Path, table: RawTable) -> list[Path]:
    stem = raw / table.source / table.name
    single = [file for suffix in SUFFIXES if (file := stem.with_suffix(suffix)).is_file()]
    parts = [file for suffix in SUFFIXES for file in stem.rglob(f"*{suffix}") if file.is_file()]
    return sorted(single + parts)


def _scan(file: Path, columns: list[str]) -> str:
    """The table function that reads a file, with its path as the parameter `$file`."""
    if file.suffix == ".parquet":
        return "read_parquet($file)"
    # nothing is sniffed: DuckDB would skip lines until the rest looks regular
    types = ", ".join(f"'{_quoted(column)}': 'varchar'" for column in columns)
    return (
        "read_csv($file, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"',"
        f" strict_mode = true, encoding = 'utf-8', columns = {{{types}}})"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _columns_of(connection: duckdb.DuckDBPyConnection, file: Path) -> list[str]:
    if file.suffix == ".csv":
        return _header_of(file)
    try:
        rows = connection.execute("describe select * from read_parquet($file)", {"file": str(file)}).fetchall()
    except duckdb.Error as error:
        raise _unreadable(file, error) from error
    return [row[0] for row in rows]


def _header_of(file: Path) -> list[str]:
    try:
        with file.open("rb") as stream:
            header = next(csv.reader([stream.readline().decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(file, error) from error
    columns = [column.strip() for column in header]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise InputError(f"{file}: the header names the column {repeated[0]!r} twice. Export it again.")
    return columns


def _unreadable(file: Path, error: Exception) -> InputError:
    """Say in one line what a reader says in several: where the file breaks, and why."""
    kind = "Parquet" if file.suffix == ".parquet" else "UTF-8 CSV"
    lines = [line.strip() for line in str(error).removeprefix("Invalid Input Error: ").splitlines() if line.strip()]
    reason = next((line for line in lines[1:] if "unicode" in line or "Expected Number" in line), None)
    is_encoding = isinstance(error, UnicodeDecodeError) or "unicode" in str(error)
    hint = "Save it as UTF-8." if is_encoding else "Export it again."
    detail = f"{lines[0]}; {reason}" if reason else lines[0]
    return InputError(f"{file}: cannot be read as {kind} ({detail}). {hint}")


def _check_columns(table: RawTable, file: Path, columns: list[str]) -> list[str]:
    for column in table.required_columns:
        if column not in columns:
            raise InputError(f"{file}: table {table.label} lacks the required column {column}. Add it to the export.")
    for group in table.one_of:
        if not set(group) & set(columns):
            raise InputError(
                f"{file}: table {table.label} lacks the columns {' and '.join(group)}. Add one of them to the export."
            )
    return [
        f"{table.label}: unknown column {column} ({file.name}), not read"
        for column in columns
        if column not in table.all_columns
    ]


def _create_manifest(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists private")
    connection.execute(
        "create table if not exists private.landed_files"
        " (file_id bigint, source_table varchar, path varchar, sha256 varchar, row_count bigint)"
    )


def create_landed_table(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Create the landed table, all columns text, if it is not there yet."""
    connection.execute(f"create schema if not exists raw_{table.source}")
    columns = ", ".join(f"{column} varchar" for column in table.all_columns)
    connection.execute(f"create table if not exists {table.relation} ({columns}, _file_id bigint, _row_number bigint)")


def _land_file(
    connection: duckdb.DuckDBPyConnection, table: RawTable, file: Path, path: str, columns: list[str]
) -> bool:
    """Land one file; return False where its content is known already."""
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    known = connection.execute("select file_id, sha256 from private.landed_files where path = ?", [path]).fetchone()
    if known and known[1] == sha256:
        return False
    create_landed_table(connection, table)
    if known:
        connection.execute(f"delete from {table.relation} where _file_id = ?", [known[0]])
        connection.execute("delete from private.landed_files where file_id = ?", [known[0]])
        connection.execute("delete from private.erased_rows where file_id = ?", [known[0]])
    file_id = known[0] if known else _next_file_id(connection)
    selected = ", ".join(
        f'cast("{column}" as varchar)' if column in columns else "null" for column in table.all_columns
    )
    try:
        rows = connection.execute(
            f"insert into {table.relation}"
            f" select {selected}, {file_id}, row_number() over () from {_scan(file, columns)}",
            {"file": str(file)},
        ).fetchone()
    except duckdb.Error as error:
        raise _unreadable(file, error) from error
    connection.execute(
        "insert into private.landed_files values (?, ?, ?, ?, ?)",
        [file_id, table.source_table, path, sha256, rows[0] if rows else 0],
    )
    return True


def _next_file_id(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select coalesce(max(file_id), 0) + 1 from private.landed_files").fetchone()
    assert row is not None
    return int(row[0])


def point_at_schemas(connection: duckdb.DuckDBPyConnection, schemas: dict[str, str]) -> LandingReport:
    """Let the sources read tables that an EL tool keeps in the warehouse: one view a raw table over `schemas[source]`.

    Raises:
        InputError: a source or schema is unknown, or a required table or column is missing.
    """
    report = LandingReport()
    sources = {table.source for table in raw_tables()}
    if unknown := sorted(set(schemas) - sources):
        raise InputError(f"--raw-schemas: there is no source {unknown[0]}. Sources are {', '.join(sorted(sources))}.")
    for table in raw_tables():
        schema = schemas.get(table.source)
        columns = _warehouse_columns(connection, schema, table.name) if schema else []
        if not columns:
            if table.is_required:
                raise InputError(
                    f"warehouse: required table {table.label} is missing: no {schema or table.source}.{table.name}."
                )
            report.absent_tables.append(table.label)
            continue
        report.drift += _check_columns(table, Path(f"{schema}.{table.name}"), columns)
        selected = ", ".join(
            f'cast("{column}" as varchar) as {column}' if column in columns else f"cast(null as varchar) as {column}"
            for column in table.all_columns
        )
        connection.execute(f"create schema if not exists raw_{table.source}")
        connection.execute(
            f"create or replace view {table.relation} as"
            f" select {selected}, 0::bigint as _file_id, row_number() over () as _row_number from {schema}.{table.name}"
        )
    return report


def _warehouse_columns(connection: duckdb.DuckDBPyConnection, schema: str | None, table: str) -> list[str]:
    rows = connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    return [row[0] for row in rows]
