"""The landed layer as Spark tables: what landing keeps in the warehouse, written once as Parquet and read from there."""

import shutil
from pathlib import Path

import duckdb

from customer_journey.paths import Output
from customer_journey.spark.connection import SparkConnection
from customer_journey.warehouse import open_warehouse

# A file of this size is read by several tasks at once and is not too many files.
_FILE_SIZE = "256MB"


def share_landed(output: Output, spark: SparkConnection) -> None:
    """Let Spark see every landed table and what the build keeps for dbt; tables that did not change are not written again."""
    with open_warehouse(output.warehouse) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where schema_name like 'raw\\_%' escape '\\' or (schema_name = 'private' and table_name in ('settings', 'erased_rows'))"
            " order by all"
        ).fetchall()
        for schema in sorted({schema for schema, _ in tables}):
            spark.execute(f"create schema if not exists {schema}")
        for schema, table in tables:
            folder = _write(connection, output.landed, schema, table)
            spark.execute(f"drop table if exists {schema}.{table}")
            spark.execute(f"create table {schema}.{table} using parquet location '{folder.as_uri()}'")


def _write(connection: duckdb.DuckDBPyConnection, landed: Path, schema: str, table: str) -> Path:
    """Write one table to a folder named for its content, in the place of its former one."""
    folder = landed / f"{schema}.{table}" / _content(connection, schema, table)
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        connection.execute(
            f"copy {schema}.{table} to '{str(unfinished).replace(chr(39), chr(39) * 2)}'"
            f" (format parquet, file_size_bytes '{_FILE_SIZE}')"
        )
        unfinished.rename(folder)
    for former in folder.parent.iterdir():
        if former != folder:
            shutil.rmtree(former)
    return folder


def _content(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    """Name what a table holds: its landed files and what erasure took of them, or for a small table its rows."""
    if schema == "private":
        query = f"select md5(string_agg(md5(columns_of::varchar), '' order by columns_of::varchar)) from {schema}.{table} as columns_of"
        parameters = []
    else:
        query = (
            "select md5(string_agg(concat_ws('|', path, sha256, row_count,"
            " (select sum(row_count) from private.erased_rows where erased_rows.file_id = landed_files.file_id)), '|' order by path))"
            " from private.landed_files where source_table = ?"
        )
        parameters = [f"{schema.removeprefix('raw_')}.{table}"]
    row = connection.execute(query, parameters).fetchone()
    return str(row[0]) if row and row[0] else "empty"
