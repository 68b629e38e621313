"""Raw tables that an EL tool keeps in Spark's catalog: Spark exports each to Parquet, which is landed like a raw file.

So the landed layer, the text form of values and erasure are the same for both engines.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb

from customer_journey.contract import RawTable, raw_tables
from customer_journey.errors import InputError
from customer_journey.landing.contract_checks import check_columns, check_main_tables
from customer_journey.landing.el_schemas import check_schemas
from customer_journey.landing.land import land_deliveries
from customer_journey.landing.landed import FROM_CATALOG, LandingReport, landed_tables, refuse_folder_of_files
from customer_journey.raw.deliveries import Delivery
from customer_journey.raw.file_columns import Column
from customer_journey.spark.connection import (
    SparkConnection,
    StatementError,
    describe,
    own_databases,
    place,
    tables_in,
)

# The type of a column that is null everywhere, which Parquet does not have.
_NOTHING = "VOID"
_WRITTEN_TIMESTAMPS = "spark.sql.parquet.outputTimestampType"


def land_from_catalog(
    connection: duckdb.DuckDBPyConnection,
    spark: SparkConnection,
    exports: Path,
    schemas: Mapping[str, str],
    on_progress: Callable[[str, float], None],
) -> LandingReport:
    """Land the tables of the databases `schemas[source]`, all or none, through temporary files under `exports`.

    The exported rows of a table replace its landed rows; a table that was removed keeps its rows, like a removed file.
    Spark must be able to access `exports` under the same path; the files are removed at the end.

    Raises:
        InputError: a source, database, required table or required column is missing, or a table cannot be read.
    """
    refuse_folder_of_files(connection)
    check_schemas(schemas, own_databases())
    report = LandingReport()
    deliveries: dict[RawTable, list[Delivery]] = {}
    _remove(exports)
    for table, relation in _relations(spark, schemas).items():
        deliveries[table] = []
        if relation is None:
            if table.is_main and table.source in schemas:
                raise InputError(
                    f"{spark.place}: required table {table.label} is missing: there is no "
                    f"{schemas[table.source]}.{table.name}. Let the EL tool land it, or correct --raw-schemas."
                )
            report.absent_tables.append(table.label)
            continue
        described, _ = describe(spark, _quoted(relation))
        columns = [Column(name, kind.upper()) for name, kind in described]
        report.drift += check_columns(table, relation, relation, columns, is_file=False)
        known = [column for column in columns if column.name in table.all_columns and column.data_type != _NOTHING]
        deliveries[table].append(
            Delivery(f"{FROM_CATALOG}{relation}", known, partial(_export, spark, exports / relation, relation, known))
        )
        report.exported.append(f"{FROM_CATALOG}{relation}")
    delivered = {table for table in deliveries if deliveries[table]}
    check_main_tables(f"{spark.place}: ", delivered, landed_tables(connection))
    # by default Spark would write timestamps without a time zone, and their text would differ from that of other files
    spark.execute(f"set {_WRITTEN_TIMESTAMPS} = TIMESTAMP_MICROS")
    try:
        land_deliveries(connection, deliveries, report, on_progress)
    finally:
        _remove(exports)
    spark.execute(f"reset {_WRITTEN_TIMESTAMPS}")
    return report


def those_under(spark: SparkConnection, folder: Path, relations: Sequence[str]) -> list[str]:
    """Return the tables whose files are below `folder`; a view has the files of its tables."""

    def lies_under(relation: str) -> bool:
        files = spark.execute(f"select distinct input_file_name() from {_quoted(relation)}")
        return any(Path(unquote(urlsplit(file).path)).is_relative_to(folder.resolve()) for (file,) in files)

    return [relation for relation in relations if lies_under(relation)]


def _relations(spark: SparkConnection, schemas: Mapping[str, str]) -> dict[RawTable, str | None]:
    """Return the name in the catalog of each table of the contract; None if it does not exist."""
    databases = {row[0].lower() for row in spark.execute("show databases")}
    found: dict[str, set[str]] = {}
    for source, schema in schemas.items():
        if schema.lower() not in databases:
            raise InputError(
                f"--raw-schemas {source}={schema}: there is no database {schema} in {spark.place}. Correct its name."
            )
        found[source] = {name.lower() for name in tables_in(spark, _quoted(schema))}
    return {
        table: f"{schemas[table.source].lower()}.{table.name}" if table.name in found.get(table.source, ()) else None
        for table in raw_tables()
    }


@contextmanager
def _export(spark: SparkConnection, folder: Path, relation: str, columns: Sequence[Column]) -> Iterator[Sequence[Path]]:
    """Export some columns of a table; the files exist only while the context lasts."""
    folder.parent.mkdir(exist_ok=True)
    names = ", ".join(f"`{column.name}`" for column in columns)
    try:
        spark.execute(
            f"insert overwrite directory {place(folder)} using parquet select {names} from {_quoted(relation)}"
        )
    except StatementError as error:
        raise InputError(f"{relation}: cannot be read. {error}") from error
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise InputError(
            f"{relation}: Spark wrote it to {folder}, but this machine does not see it there. "
            "Choose an --out on a shared folder that Spark and this machine see under the same path."
        )
    yield files
    # one table at a time, so that the disk never holds a second copy of all tables
    _remove(folder)


def _remove(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise InputError(
            f"{folder}: the files that Spark wrote there hold personal data and cannot be removed ({error.strerror}). "
            "Remove them, and run the build as a user who may do so."
        ) from error


def _quoted(relation: str) -> str:
    return ".".join(f"`{part.replace('`', '``')}`" for part in relation.split("."))
