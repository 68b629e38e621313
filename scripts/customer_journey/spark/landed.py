"""The landed layer as Spark tables: the landed tables of the warehouse, written once as Parquet."""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

import duckdb

from customer_journey.contract import raw_tables
from customer_journey.paths import Output
from customer_journey.spark.connection import SparkConnection, place, tables_in
from customer_journey.warehouse import open_warehouse

# Files of this size can be read by several tasks in parallel, without too many files.
_FILE_SIZE = "256MB"


def share_landed(output: Output, spark: SparkConnection, on_progress: Callable[[str, float], None]) -> None:
    """Share every landed table, and the tables that the build keeps for dbt, with Spark; write only changed ones.

    `on_progress` gets the table being written and the share done, 0 to 1.
    """
    with open_warehouse(output.warehouse) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where schema_name like 'raw\\_%' escape '\\'"
            " or (schema_name = 'private'"
            " and table_name in ('settings', 'erased_rows', 'sources', 'record_keys', 'erased_hashes', 'hash_key'))"
            " order by all"
        ).fetchall()
        _forget_others(spark, {f"{schema}.{table}" for schema, table in tables})
        for schema in sorted({schema for schema, _ in tables}):
            spark.execute(f"create schema if not exists {schema}")
        for number, (schema, table) in enumerate(tables):
            on_progress(f"{schema}.{table}", number / len(tables))
            share_table(connection, output.landed, spark, schema, table)


def share_table(
    connection: duckdb.DuckDBPyConnection, landed: Path, spark: SparkConnection, schema: str, table: str
) -> None:
    """Write a table of the warehouse below the folder `landed`, and register it in Spark's catalog."""
    folder = _write(connection, landed, schema, table)
    spark.execute(f"drop table if exists {schema}.{table}")
    spark.execute(f"create table {schema}.{table} using parquet location {place(folder)}")


def _forget_others(spark: SparkConnection, landed: Collection[str]) -> None:
    """Drop raw tables that were not landed here: models would read the rows of another or deleted output folder."""
    databases = {row[0] for row in spark.execute("show databases")}
    for schema in sorted({f"raw_{table.source}" for table in raw_tables()} & databases):
        for table in sorted(tables_in(spark, schema)):
            if f"{schema}.{table}" not in landed:
                spark.execute(f"drop table {schema}.{table}")


def _write(connection: duckdb.DuckDBPyConnection, landed: Path, schema: str, table: str) -> Path:
    """Write one table to a folder named after a digest of its content, replacing the previous folder."""
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
    """Return a digest of a table's content: of its landed files and erased rows, or, for a small table, of its rows."""
    parameters: dict[str, str] = {}
    if schema == "private":
        query = (
            "select md5(string_agg(row_text, '|' order by row_text))"
            f" from (select {table}::varchar as row_text from {schema}.{table})"
        )
    else:
        query = (
            "select md5(string_agg(concat_ws('|', path, sha256, row_count, erased), '|' order by path) || '|' ||"
            # an erasure may change texts of a table without deleting a row of it
            " (select coalesce(sum(texts_removed), 0) from private.erasure_receipts"
            " where erasure_receipts.source_table = $table))"
            " from private.landed_files left join"
            " (select file_id, sum(row_count) as erased from private.erased_rows group by file_id) using (file_id)"
            " where source_table = $table"
        )
        parameters["table"] = f"{schema.removeprefix('raw_')}.{table}"
    row = connection.execute(query, parameters).fetchone()
    return str(row[0]) if row and row[0] else "empty"
