"""The published marts of an output folder as one DuckDB schema, whichever engine built them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from customer_journey.errors import InputError, first_line, is_damage
from customer_journey.paths import Output
from customer_journey.publishing.publish import SCHEMA
from customer_journey.warehouse import memory_limit, quoted


def published_file(output: Output) -> Path:
    """Return the file that holds (on DuckDB) or lists (on Spark) the published marts of an output folder.

    Raises:
        InputError: the folder has no published marts.
    """
    for file in (output.published, output.published_on_spark):
        if file.exists():
            return file
    raise InputError(f"{output.root}: no published marts here. Build first: scripts/build --out {output.root}.")


@contextmanager
def reading_marts(*files: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection, with times in UTC, to read published files with.

    It keeps to the memory limit, and what does not fit goes to the output folder of the first file. By itself DuckDB
    would take most of the machine's memory, and write rows to the folder in which the command was started.

    Raises:
        InputError: a file is damaged, which DuckDB often says without its name. Unlike a damaged warehouse it holds
            nothing that a build cannot make again.
    """
    spilled = quoted(Output(files[0].parent).spilled_marts)
    try:
        with duckdb.connect(":memory:", config={"memory_limit": memory_limit()}) as connection:
            connection.execute(f"set temp_directory = '{spilled}'")
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            yield connection
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        raise InputError(
            f"{' or '.join(map(str, files))}: the published marts are damaged ({first_line(error)}). "
            "Publish them anew: scripts/build --full-refresh."
        ) from error


def attach_marts(connection: duckdb.DuckDBPyConnection, schema: str, file: Path) -> set[str]:
    """Create a new schema with a view of each published mart; return the names of the marts.

    `file` is the published DuckDB file, or the JSON file in which a Spark build lists the folders of its marts.
    """
    connection.execute(f"create schema {schema}")
    if file.suffix == ".json":
        folders = json.loads(file.read_text(encoding="utf-8"))["marts"]
        sources = {mart: f"read_parquet('{quoted(folder)}/*.parquet')" for mart, folder in folders.items()}
    else:
        connection.execute(f"attach '{quoted(file)}' as file_{schema} (read_only)")
        # some marts are views over others
        rows = connection.execute(
            "select table_name from duckdb_tables() where database_name = $1 and schema_name = $2"
            " union all select view_name from duckdb_views() where database_name = $1 and schema_name = $2",
            [f"file_{schema}", SCHEMA],
        ).fetchall()
        sources = {mart: f"file_{schema}.{SCHEMA}.{mart}" for (mart,) in rows}
    for mart, source in sources.items():
        connection.execute(f"create view {schema}.{mart} as from {source}")
    return set(sources)


@contextmanager
def open_marts(output: Output) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published marts of an output folder: each is there as marts.<name>, times are UTC.

    A build that publishes meanwhile does not change what this connection reads.

    Raises:
        InputError: the folder has no published marts, or they are damaged.
    """
    file = published_file(output)
    with reading_marts(file) as connection:
        attach_marts(connection, SCHEMA, file)
        yield connection
