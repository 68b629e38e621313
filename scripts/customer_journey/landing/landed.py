"""The landed tables of the private warehouse, and the records of the files that they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.raw.adapters import plain
from customer_journey.raw.file_columns import Column, as_text, is_odd, readable

# Prefix of the path of a table exported from Spark's catalog; no file path begins so.
FROM_CATALOG = "catalog:"


@dataclass
class LandingReport:
    """The result of landing: numbers of new and unchanged files, absent optional tables, unknown columns and files.

    `drift` are lines on unknown columns and files; `doubles` lines on files that hold the same rows, which count
    twice; `files` all files of the raw folder; `in_place` the schemas, by source, of tables that stay where an EL tool
    keeps them; `exported` the paths of tables that were copied out of another catalog.
    """

    files_read: int = 0
    files_known: int = 0
    files: list[str] = field(default_factory=list)
    absent_tables: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    in_place: Mapping[str, str] = field(default_factory=dict)
    exported: list[str] = field(default_factory=list)


def landed_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the labels of the tables with landed files."""
    if not kind_of(connection, "private", "landed_files"):
        return set()
    rows = connection.execute("select distinct source_table from private.landed_files").fetchall()
    return {source_table.replace(".", "/") for (source_table,) in rows}


def landed_digest(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return a digest of the paths and contents of all landed files; None if nothing has landed."""
    if not kind_of(connection, "private", "landed_files"):
        return None
    row = connection.execute(
        "select md5(string_agg(path || sha256, '|' order by path)) from private.landed_files"
    ).fetchone()
    return row[0] if row else None


def refuse_folder_of_files(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse exported tables in a folder where files have landed: nothing would ever replace the rows of the files.

    Raises:
        InputError: files have landed here.
    """
    if has_landed(connection, from_catalog=False):
        raise InputError("--out: this folder holds rows landed from files. Choose another --out for --raw-schemas.")


def has_landed(connection: duckdb.DuckDBPyConnection, from_catalog: bool) -> bool:
    """Return whether files have landed here; with `from_catalog`, tables of another catalog."""
    if not kind_of(connection, "private", "landed_files"):
        return False
    found = connection.execute(
        "select 1 from private.landed_files where starts_with(path, ?) = ? limit 1", [FROM_CATALOG, from_catalog]
    ).fetchone()
    return found is not None


def texts_of(table: RawTable, columns: Sequence[Column]) -> list[str]:
    """Return the SQL of each column of the landed table; null for a column that the file does not have."""
    known = {plain(column.name): column for column in columns}
    return [
        f"{as_text(known[name]) if name in known else 'cast(null as varchar)'} as {name}" for name in table.all_columns
    ]


def create_manifest(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that say what has landed, if they are not there."""
    connection.execute("create schema if not exists private")
    connection.execute(
        "create table if not exists private.landed_files"
        " (file_id bigint, source_table varchar, path varchar, sha256 varchar, row_count bigint)"
    )
    connection.execute("create table if not exists private.file_states (path varchar, state varchar)")
    create_record_keys(connection)
    connection.execute(
        "create table if not exists private.sources"
        " (path varchar, file_id bigint, source_table varchar, source varchar, export_rows bigint)"
    )


def create_record_keys(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table of the records that several sources hold (`same_records` of mapping.yml), if it is not there."""
    connection.execute(
        "create table if not exists private.record_keys"
        " (source_table varchar, file_id bigint, row_number bigint, record_key varchar, source_rank bigint)"
    )


def clean_earlier_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Clean, once, the texts that an earlier release landed with their control characters."""
    if kind_of(connection, "private", "clean_texts"):
        return
    for table in raw_tables():
        if landed_kind(connection, table) != "BASE TABLE":
            continue
        for column in connection.table(table.relation).columns:
            if not column.startswith("_"):
                connection.execute(f"update {table.relation} set {column} = {readable(column)} where {is_odd(column)}")
    connection.execute("create table private.clean_texts as select true as is_clean")


def create_landed_table(connection: duckdb.DuckDBPyConnection, table: RawTable) -> None:
    """Create the landed table, with all columns as text, if it does not exist."""
    connection.execute(f"create schema if not exists raw_{table.source}")
    columns = ", ".join(f"{column} varchar" for column in table.all_columns)
    connection.execute(f"create table if not exists {table.relation} ({columns}, _file_id bigint, _row_number bigint)")
    # an earlier release may have created it with fewer columns
    present = connection.table(table.relation).columns
    for column in table.all_columns:
        if column not in present:
            connection.execute(f"alter table {table.relation} add column {column} varchar")


def next_file_id(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the id of the next file."""
    row = connection.execute("select coalesce(max(file_id), 0) + 1 from private.landed_files").fetchone()
    assert row is not None
    return int(row[0])


def landed_kind(connection: duckdb.DuckDBPyConnection, table: RawTable) -> str | None:
    """Return whether the landed relation is a `BASE TABLE` or a `VIEW`; None if there is none."""
    return kind_of(connection, f"raw_{table.source}", table.name)


def kind_of(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str | None:
    """Return whether a relation of the warehouse is a `BASE TABLE` or a `VIEW`; None if there is none."""
    row = connection.execute(
        "select table_type from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return row[0] if row else None
