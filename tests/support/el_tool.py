"""An EL tool that keeps raw tables in the catalog of a Spark session, as a separate program between builds."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb
from customer_journey.contract import RawTable, raw_tables
from customer_journey.spark.connection import place

# the databases that write_typed creates, for --raw-schemas
SCHEMAS = ",".join(f"{source}=el_{source}" for source in sorted({table.source for table in raw_tables()}))
_PROGRAM = """
import sys
from pathlib import Path
from customer_journey.spark.connection import SessionConnection
from customer_journey.spark.session import start_session

root = Path(sys.argv[1])
spark = SessionConnection(start_session(root), root)
for statement in sys.stdin.read().splitlines():
    spark.execute(statement)
spark.close()
"""


def run_in_catalog(out: Path, statements: Sequence[str]) -> None:
    """Run statements, one per line, in a Spark session on the catalog of an output folder."""
    command = [sys.executable, "-c", _PROGRAM, str(out)]
    done = subprocess.run(command, input="\n".join(statements), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def write_typed(raw: Path, folder: Path) -> list[str]:
    """Write raw tables as typed Parquet to `folder`; return the statements that create them in databases `el_…`.

    Parquet files keep their types, and rows of CSV files are added to them; a table of CSV files alone becomes text.
    """
    statements = []
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for table in raw_tables():
            files = [*raw.glob(f"{table.label}.*"), *(raw / table.label).glob("*")]
            if files:
                _write_typed(connection, table, files, folder / table.label)
                statements += [
                    f"create database if not exists el_{table.source}",
                    f"create table el_{table.source}.{table.name} using parquet location {place(folder / table.label)}",
                ]
    return statements


def _write_typed(connection: duckdb.DuckDBPyConnection, table: RawTable, files: Sequence[Path], folder: Path) -> None:
    parquet = sorted(str(file) for file in files if file.suffix == ".parquet")
    csv = sorted(str(file) for file in files if file.suffix == ".csv")
    if parquet:
        connection.execute("create or replace table typed as from read_parquet($files)", {"files": parquet})
    if csv:
        connection.execute(
            "create or replace table texts as from read_csv($files, all_varchar = true, union_by_name = true)",
            {"files": csv},
        )
        if not parquet:
            connection.execute("create or replace table typed as from texts")
        else:
            typed = {row[0] for row in connection.execute("describe typed").fetchall()}
            shared = [name for name in table.all_columns if name in typed]
            connection.execute(f"insert into typed by name select {', '.join(shared)} from texts")
    folder.mkdir(parents=True)
    connection.execute(f"copy typed to '{str(folder / 'part-0.parquet').replace(chr(39), chr(39) * 2)}'")
