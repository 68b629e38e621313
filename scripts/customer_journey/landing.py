"""Landing: raw files into the private warehouse, as text, with the contract checked before a row is read."""

import csv
import gzip
import hashlib
import re
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import yaml

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError, what_gave_out
from customer_journey.paths import PROJECT
from customer_journey.raw_files import (
    delimiter_of,
    files_in,
    is_compressed,
    is_parquet,
    lines_on_unread,
    open_text,
)

# Before the name of a table that Spark exported; no path of a file begins so.
FROM_CATALOG = "catalog:"

# The longest row of a CSV file, and what is read of it at a time: a comment may hold a picture, as text.
LONGEST_ROW = 16 * 2**20
READ_AT_ONCE = 2 * LONGEST_ROW

# The coarsest times that file systems in use keep are two seconds apart.
YOUNG_NS = 3 * 10**9


class Column(NamedTuple):
    """One column of a file or of an EL tool's table, as it is there."""

    name: str
    data_type: str


class Delivery(NamedTuple):
    """Rows that land together and replace what was landed under their path before: a file, or the export of a table."""

    path: str
    columns: Sequence[Column]
    # where the rows lie, for as long as they are read
    files: Callable[[], AbstractContextManager[Sequence[Path]]]
    # of a file, before anything of it was read: see _state_of
    state: str | None = None
    # whether a later change would show in that state
    is_settled: bool = False


@dataclass
class LandingReport:
    """What landing found: files read and known, optional tables that are absent, columns and files nobody knows.

    `doubles` are lines on files whose rows count twice; `files` are all that lie in the raw folder; `in_place` are the
    schemas, by source, of tables that stay where an EL tool keeps them; `exported` are the tables that were copied out
    of another catalog, as landing knows them.
    """

    files_read: int = 0
    files_known: int = 0
    files: list[str] = field(default_factory=list)
    absent_tables: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    in_place: Mapping[str, str] = field(default_factory=dict)
    exported: list[str] = field(default_factory=list)


def land(connection: duckdb.DuckDBPyConnection, raw: Path, on_progress: Callable[[str, float], None]) -> LandingReport:
    """Land every file under `raw` that is new or changed since the last build, all of them or none.

    A file is known by its path under `raw` and its content, which is read again where its size or its times say that
    it may have changed. A changed file replaces the rows it landed before, a vanished one keeps them. `on_progress`
    gets the table at work and the share done, 0 to 1.

    Raises:
        InputError: a required table or column is missing, or a file cannot be read.
    """
    if not raw.is_dir():
        raise InputError(f"{raw}: no such folder. --raw wants a folder that holds <source>/<table> files.")
    try:
        str(raw).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"--raw {raw}: the name is no UTF-8. Rename it.") from error
    report = LandingReport()
    tables = raw_tables()
    if any(_kind_of(connection, table) == "VIEW" for table in tables) or _has_landed(connection, from_catalog=True):
        raise InputError(
            "--out: this folder was built with --raw-schemas, on the tables that an EL tool keeps. "
            "Name the schemas again, or choose another --out for files."
        )
    found = files_in(raw, tables)
    report.drift += lines_on_unread(raw, found)
    for table, files in found.read.items():
        if not files:
            if table.is_required:
                raise InputError(
                    f"{raw / table.source / table.name}: required table {table.label} is missing. "
                    f"Add {table.name}.parquet or {table.name}.csv (it may be empty below its header)."
                )
            report.absent_tables.append(table.label)
    # Every file is checked before the first row lands: what the user is told does not depend on what loaded before.
    deliveries: dict[RawTable, list[Delivery]] = {}
    for table, files in found.read.items():
        deliveries[table] = []
        for file in files:
            with _reading(file):
                state, is_settled = _state_of(file), _is_settled(file)
                columns = _columns_of(connection, file)
            report.drift += check_columns(table, str(file), file.name, columns)
            path = file.relative_to(raw).as_posix()
            report.files.append(path)
            deliveries[table].append(Delivery(path, columns, partial(_where_it_is, file), state, is_settled))
    land_deliveries(connection, deliveries, report, on_progress)
    for table in tables:
        if table.adds_up and _kind_of(connection, table) == "BASE TABLE":
            report.doubles += _double_deliveries(connection, table)
    return report


def unchanged_files(connection: duckdb.DuckDBPyConnection, raw: Path) -> list[str] | None:
    """Return the paths of the files under `raw` if each has landed as it is now; None where one is new or changed."""
    landed = {
        path: (sha256, state)
        for path, sha256, state in connection.execute(
            "select path, sha256, state from private.landed_files left join private.file_states using (path)"
        ).fetchall()
    }
    paths = []
    for files in files_in(raw, raw_tables()).read.values():
        for file in files:
            path = file.relative_to(raw).as_posix()
            sha256, state = landed.get(path, (None, None))
            if sha256 is None or (state != _state_of(file) and sha256 != _content_of([file])):
                return None
            paths.append(path)
    return sorted(paths)


def landed_digest(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return a digest of the paths and contents of all files that have landed; None before the first."""
    if not kind_of(connection, "private", "landed_files"):
        return None
    row = connection.execute(
        "select md5(string_agg(path || sha256, '|' order by path)) from private.landed_files"
    ).fetchone()
    return row[0] if row else None


def _state_of(file: Path) -> str:
    """Tell which file this is and when it was written, which changes whenever its content does."""
    found = file.stat()
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _is_settled(file: Path) -> bool:
    """Tell whether a file is old enough that a change after this moment would give it other times."""
    found = file.stat()
    return max(found.st_mtime_ns, found.st_ctime_ns) < time.time_ns() - YOUNG_NS


def _where_it_is(file: Path) -> AbstractContextManager[Sequence[Path]]:
    return nullcontext([file])


def land_deliveries(
    connection: duckdb.DuckDBPyConnection,
    deliveries: Mapping[RawTable, Sequence[Delivery]],
    report: LandingReport,
    on_progress: Callable[[str, float], None],
) -> None:
    """Land what is new or changed of each table, all of it or nothing, and add to the report what was read."""
    connection.execute("begin")
    try:
        _create_manifest(connection)
        for number, (table, delivered) in enumerate(deliveries.items()):
            on_progress(table.label, number / len(deliveries))
            for delivery in delivered:
                if _land(connection, table, delivery):
                    report.files_read += 1
                else:
                    report.files_known += 1
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def refuse_folder_of_files(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep exported tables out of a folder where files have landed, whose rows nothing would ever replace.

    Raises:
        InputError: files have landed here.
    """
    if _has_landed(connection, from_catalog=False):
        raise InputError(
            "--out: this folder holds rows that were landed from files. Choose another --out for --raw-schemas."
        )


def _has_landed(connection: duckdb.DuckDBPyConnection, from_catalog: bool) -> bool:
    if not kind_of(connection, "private", "landed_files"):
        return False
    found = connection.execute(
        "select 1 from private.landed_files where starts_with(path, ?) = ? limit 1", [FROM_CATALOG, from_catalog]
    ).fetchone()
    return found is not None


def _scan(file: Path, columns: Sequence[Column]) -> str:
    """The table function that reads files like this one, with their paths as the parameter `$files`."""
    # a folder `contact_id=1` is a folder's name, no column
    if is_parquet(file):
        return "read_parquet($files, hive_partitioning = false)"
    # nothing is sniffed: DuckDB would skip lines until the rest looks regular
    names = [column.name or f"nameless {number}" for number, column in enumerate(columns)]
    types = ", ".join(f"'{_quoted(name)}': 'varchar'" for name in names)
    compression = "gzip" if is_compressed(file) else "none"
    return (
        f"read_csv($files, auto_detect = false, header = true, delim = '{delimiter_of(file)}',"
        " quote = '\"', escape = '\"',"
        f" strict_mode = true, encoding = 'utf-8', max_line_size = {LONGEST_ROW}, buffer_size = {READ_AT_ONCE},"
        f" hive_partitioning = false, compression = '{compression}', columns = {{{types}}})"
    )


def _path_parameter(files: Sequence[Path]) -> dict[str, list[str]]:
    """The parameter `$files`, whose paths DuckDB would take for patterns if it could."""
    return {"files": [re.sub(r"([*?\[])", r"[\1]", str(file)) for file in files]}


def _quoted(text: str) -> str:
    return text.replace("'", "''")


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Say in one line what keeps a file from being read: that it is damaged, or that it is not to be had."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{file}: was there when the build began and is gone. Build again.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(file, error) from error
    except OSError as error:
        if what_gave_out(error):
            raise
        raise InputError(f"{file}: cannot be read ({error.strerror or error}).") from error
    except duckdb.Error as error:
        # a machine without memory reads no file at all: whoever exports this one again does it for nothing
        if what_gave_out(error):
            raise
        if not file.exists():
            raise InputError(f"{file}: was there when the build began and is gone. Build again.") from error
        raise _unreadable(file, error) from error


def _columns_of(connection: duckdb.DuckDBPyConnection, file: Path) -> list[Column]:
    # DuckDB does not say what keeps it from opening one
    with file.open("rb") as stream:
        is_empty = not stream.read(1)
    if is_empty:
        raise InputError(f"{file}: is empty, without even the names of columns. Export it again.")
    if not is_parquet(file):
        columns = [Column(name, "VARCHAR") for name in _header_of(file)]
    else:
        rows = connection.execute(
            "describe select * from read_parquet($files, hive_partitioning = false)", _path_parameter([file])
        ).fetchall()
        columns = [Column(row[0], row[1]) for row in rows]
    # DuckDB takes names for one that differ in case alone
    names = [column.name.lower() for column in columns]
    repeated = sorted({column.name for column in columns if column.name and names.count(column.name.lower()) > 1})
    if repeated:
        raise InputError(f"{file}: the header names the column {repeated[0]!r} twice. Export it again.")
    return columns


def _header_of(file: Path) -> list[str]:
    with open_text(file) as stream:
        line = stream.readline(LONGEST_ROW).decode("utf-8-sig")
    if "\0" in line:
        raise InputError(f"{file}: cannot be read as UTF-8 CSV (NUL in its header, as in UTF-16). Save it as UTF-8.")
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter_of(file)), [])]


def _unreadable(file: Path, error: Exception) -> InputError:
    """Say in one line what a reader says in several: where the file breaks, and why."""
    kind = "Parquet" if is_parquet(file) else "UTF-8 CSV" if delimiter_of(file) == "," else "UTF-8 TSV"
    lines = [line.strip() for line in str(error).removeprefix("Invalid Input Error: ").splitlines() if line.strip()]
    lines = lines or [type(error).__name__]
    reason = next((line for line in lines[1:] if "unicode" in line or "Expected Number" in line), None)
    is_encoding = isinstance(error, UnicodeDecodeError) or "unicode" in str(error)
    hint = "Save it as UTF-8." if is_encoding else "Export it again."
    detail = f"{lines[0]}; {reason}" if reason else lines[0]
    return InputError(f"{file}: cannot be read as {kind} ({detail}). {hint}")


def check_columns(table: RawTable, where: str, short_name: str, columns: Sequence[Column]) -> list[str]:
    """Return a line on each column that nobody knows; `where` names the file or table in errors.

    Raises:
        InputError: a required column is missing.
    """
    names = [column.name for column in columns]
    for name in table.required_columns:
        if name not in names:
            raise InputError(f"{where}: table {table.label} lacks the required column {name}. Add it to the export.")
    for group in table.one_of:
        if not set(group) & set(names):
            raise InputError(
                f"{where}: table {table.label} lacks the columns {' and '.join(group)}. Add one of them to the export."
            )
    return [
        f"{table.label}: {f'unknown column {name}' if name else 'a column without a name'} ({short_name}), not read"
        for name in names
        if name not in table.all_columns
    ]


def _as_text(column: Column) -> str:
    """The SQL that reads a column as text."""
    text = f'cast("{column.name}" as varchar)'
    if column.data_type == "VARCHAR":
        # a letter and its marks may come as one character or as several, and would be two campaigns to every comparison
        return f"nfc_normalize({text})"
    if column.data_type.startswith("DECIMAL"):
        # the zeros that fill up its scale say nothing, and 450.000 would be an amount that can be read in two ways
        return f"case when contains({text}, '.') then rtrim(rtrim({text}, '0'), '.') else {text} end"
    if column.data_type not in ("DOUBLE", "FLOAT"):
        return text
    # Whole numbers become floating where one of them is missing: an order 5.0 would not be the order 5 of its items.
    # From 2^53 on they are not exact, and are left as they are.
    return (
        f'case when abs("{column.name}") < {2**53} and "{column.name}" = trunc("{column.name}")'
        f' then cast(cast("{column.name}" as bigint) as varchar) else {text} end'
    )


def _texts_of(table: RawTable, columns: Sequence[Column]) -> list[str]:
    """The SQL of each column of the landed table, null where these columns do not have it."""
    known = {column.name: column for column in columns}
    return [
        f"{_as_text(known[name]) if name in known else 'cast(null as varchar)'} as {name}" for name in table.all_columns
    ]


def _create_manifest(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists private")
    connection.execute(
        "create table if not exists private.landed_files"
        " (file_id bigint, source_table varchar, path varchar, sha256 varchar, row_count bigint)"
    )
    connection.execute("create table if not exists private.file_states (path varchar, state varchar)")


def create_landed_table(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Create the landed table, all columns text, if it is not there yet."""
    connection.execute(f"create schema if not exists raw_{table.source}")
    columns = ", ".join(f"{column} varchar" for column in table.all_columns)
    connection.execute(f"create table if not exists {table.relation} ({columns}, _file_id bigint, _row_number bigint)")
    # an earlier version of the contract may have made it
    present = connection.table(table.relation).columns
    for column in table.all_columns:
        if column not in present:
            connection.execute(f"alter table {table.relation} add column {column} varchar")


def _land(connection: duckdb.DuckDBPyConnection, table: RawTable, delivery: Delivery) -> bool:
    """Land one delivery; return False where its content is known already."""
    known = connection.execute(
        "select file_id, sha256 from private.landed_files where path = ?", [delivery.path]
    ).fetchone()
    if known and _has_state(connection, delivery):
        return False
    with delivery.files() as files:
        with _reading(files[0]):
            sha256 = _content_of(files)
        _keep_state(connection, delivery)
        if known and known[1] == sha256:
            return False
        create_landed_table(connection, table)
        if known:
            connection.execute(f"delete from {table.relation} where _file_id = ?", [known[0]])
            connection.execute("delete from private.landed_files where file_id = ?", [known[0]])
            connection.execute("delete from private.erased_rows where file_id = ?", [known[0]])
        file_id = known[0] if known else _next_file_id(connection)
        with _reading(files[0]):
            rows = connection.execute(
                f"insert into {table.relation} ({', '.join(table.all_columns)}, _file_id, _row_number)"
                f" select {', '.join(_texts_of(table, delivery.columns))}, {file_id}, row_number() over ()"
                f" from {_scan(files[0], delivery.columns)}",
                _path_parameter(files),
            ).fetchone()
    connection.execute(
        "insert into private.landed_files values (?, ?, ?, ?, ?)",
        [file_id, table.source_table, delivery.path, sha256, rows[0] if rows else 0],
    )
    return True


def _double_deliveries(connection: duckdb.DuckDBPyConnection, table: RawTable) -> list[str]:
    """Return a line on each two files of a table that adds up of which one has most of its rows from the other.

    Rows of a key may well be alike, as those of two hours are, and a file may be delivered under another name on
    purpose: so nothing is refused. Rows of 0 add nothing, and are alike everywhere.
    """
    columns = ", ".join(f"coalesce(trim({name}), '')" for name in table.all_columns)
    rows = connection.execute(
        f"""
        with counted as (
            select _file_id, md5(concat_ws('|', {columns})) as content, count(*) as row_count
            from {table.relation}
            where try_cast({table.adds_up} as double) is distinct from 0
            group by all
        ),
        totals as (select _file_id, sum(row_count) as row_count from counted group by all),
        shared as (
            select one._file_id as first_id, other._file_id as second_id,
                sum(least(one.row_count, other.row_count)) as row_count
            from counted as one
            inner join counted as other on one.content = other.content and one._file_id < other._file_id
            group by all
        )
        select shared.row_count, least(one_total.row_count, other_total.row_count), first_file.path, second_file.path
        from shared
        inner join totals as one_total on shared.first_id = one_total._file_id
        inner join totals as other_total on shared.second_id = other_total._file_id
        inner join private.landed_files as first_file on shared.first_id = first_file.file_id
        inner join private.landed_files as second_file on shared.second_id = second_file.file_id
        where 2 * shared.row_count >= least(one_total.row_count, other_total.row_count)
        order by first_file.path, second_file.path
        """
    ).fetchall()
    return [
        f"{table.label}: {count:,} of {total:,} rows are alike in {first} and {second}, and count twice. "
        "If they were delivered twice, leave only the header in one of the files"
        for count, total, first, second in rows
    ]


def _has_state(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> bool:
    """Tell whether a file is still in the state that it was in when its content was read last."""
    row = connection.execute("select state from private.file_states where path = ?", [delivery.path]).fetchone()
    return row is not None and row[0] == delivery.state


def _keep_state(connection: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    connection.execute("delete from private.file_states where path = ?", [delivery.path])
    if delivery.is_settled:
        connection.execute("insert into private.file_states values (?, ?)", [delivery.path, delivery.state])


def _content_of(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            hashlib.file_digest(stream, lambda: digest)
    return digest.hexdigest()


def _next_file_id(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select coalesce(max(file_id), 0) + 1 from private.landed_files").fetchone()
    assert row is not None
    return int(row[0])


def point_at_schemas(connection: duckdb.DuckDBPyConnection, schemas: Mapping[str, str]) -> LandingReport:
    """Let the sources read tables that an EL tool keeps in the warehouse: one view a raw table over `schemas[source]`.

    Raises:
        InputError: a source or schema is unknown, a required table or column is missing, or rows of files landed here.
    """
    report = LandingReport(in_place=schemas)
    tables = raw_tables()
    check_schemas(schemas, own_schemas())
    connection.execute("begin")
    try:
        for table in tables:
            _drop_relation(connection, table)
            schema = schemas.get(table.source, table.source)
            columns = _warehouse_columns(connection, schema, table.name) if table.source in schemas else []
            if not columns:
                if table.is_required:
                    raise InputError(f"warehouse: required table {table.label} is missing: no {schema}.{table.name}.")
                report.absent_tables.append(table.label)
                continue
            where = f"{schema}.{table.name}"
            report.drift += check_columns(table, where, where, columns)
            connection.execute(f"create schema if not exists raw_{table.source}")
            connection.execute(
                f"create view {table.relation} as select {', '.join(_texts_of(table, columns))}, 0::bigint as _file_id,"
                f' row_number() over () as _row_number from "{schema}".{table.name}'
            )
        # each build accounts for the rows that it finds, and what an earlier one erased is no longer among them
        connection.execute("delete from private.erased_rows where file_id = 0")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return report


def check_schemas(schemas: Mapping[str, str], own: Collection[str]) -> None:
    """Check what --raw-schemas names: sources of the contract, and none of the schemas that the build writes.

    Raises:
        InputError: a source is unknown, or a schema is one of the build's own.
    """
    sources = {table.source for table in raw_tables()}
    if unknown := sorted(set(schemas) - sources):
        raise InputError(f"--raw-schemas: there is no source {unknown[0]}. Sources are {', '.join(sorted(sources))}.")
    for source, schema in schemas.items():
        if schema.lower() in own:
            raise InputError(
                f"--raw-schemas {source}={schema}: the schema {schema} belongs to the build. "
                "Let the EL tool write to another one."
            )


def own_schemas() -> set[str]:
    """Return the schemas of the warehouse that the build writes: landed rows, its bookkeeping, and those of models."""
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    folders = [*project["models"][project["name"]].values(), project["seeds"][project["name"]]]
    of_models = {folder["+schema"] for folder in folders if isinstance(folder, dict) and "+schema" in folder}
    return {"private"} | {f"raw_{table.source}" for table in raw_tables()} | of_models


def _drop_relation(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Make room for a view: the last build left one here, or dbt made an empty table for want of another."""
    kind = _kind_of(connection, table)
    if kind == "VIEW":
        connection.execute(f"drop view {table.relation}")
    elif kind is not None:
        if connection.execute(f"select 1 from {table.relation} limit 1").fetchone():
            raise InputError(
                "--out: this folder holds rows that were landed from files, which --raw-schemas would lose. "
                "Let the EL tool write to the warehouse.duckdb of another --out."
            )
        connection.execute(f"drop table {table.relation}")


def _kind_of(connection: duckdb.DuckDBPyConnection, table: RawTable) -> str | None:
    """Tell whether the landed relation is a `BASE TABLE` or a `VIEW`, or not there."""
    return kind_of(connection, f"raw_{table.source}", table.name)


def kind_of(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str | None:
    """Tell whether a relation of the warehouse is a `BASE TABLE` or a `VIEW`; None where there is none."""
    row = connection.execute(
        "select table_type from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return row[0] if row else None


def _warehouse_columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[Column]:
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = ? and table_name = ? order by ordinal_position",
        [schema, table],
    ).fetchall()
    return [Column(row[0], row[1]) for row in rows]
