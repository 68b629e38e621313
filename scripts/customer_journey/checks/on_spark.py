"""Runs suites on Spark: the tables of a session of this process, as DataFrames."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from customer_journey.checks.engine import SPARK_VIEW, Catalog, Table
from customer_journey.checks.expectations import run_on
from customer_journey.checks.result import CheckResult
from customer_journey.checks.suites import BATCH, Layer, first_line, parse_as_of
from customer_journey.publishing.publish import SCHEMA
from customer_journey.spark.connection import BUILDING
from customer_journey.spark.session import LOG_LEVEL

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.interfaces import Batch
    from pyspark.sql import DataFrame, SparkSession

    from customer_journey.checks.engine import Batches

# DuckDB's `timestamptz` respects the offset of a text (its `timestamp` drops it); in Spark `timestamp` does that.
_MOMENT = re.compile(r"\btimestamptz\b", re.IGNORECASE)
# The name of an error condition: at the start of a message, or after the class of a task's error. The text after it may
# quote a row.
_CONDITION = re.compile(r"(?:^\s*|Exception: )\[([A-Z]+_[A-Z0-9_.]+)\]")


def run_expectations_on_spark(
    session: "SparkSession",
    suites: Path,
    layers: tuple[Layer, ...],
    data_docs: Path | None,
    on_progress: Callable[[str, float], None] | None = None,
    marts: str = BUILDING,
) -> list[CheckResult]:
    """Run the suites on the tables of a Spark session, as run_expectations does on a DuckDB file.

    The schema `marts` of the suites is read from the database given as `marts`, which holds the models until they are
    published.

    Raises:
        SuiteError: a suite file is wrong; no check was run.
    """
    return run_on(OnSpark(session, marts), suites, layers, data_docs, on_progress)


class OnSpark:
    """A running session; it is also the reader, since Spark allows several readers at once."""

    engine = "Spark"

    def __init__(self, session: "SparkSession", marts: str) -> None:
        self._session = session
        self._marts = marts
        self._frames: dict[Table, DataFrame] = {}
        self._marts_in_sql = re.compile(rf"(?<![\w.`]){SCHEMA}\.(?=\w)", re.IGNORECASE)

    @contextmanager
    def reading(self) -> "Iterator[OnSpark]":
        """Yield the session itself."""
        yield self

    def catalog(self, schemas: Collection[str]) -> Catalog:
        """Return the tables and views of some databases."""
        for schema in sorted({*schemas, "private"}):
            if self._session.catalog.databaseExists(self._database(schema)):
                for row in self._session.sql(f"show tables in {self._database(schema)}").collect():
                    if not row.isTemporary:
                        name = f"{self._database(schema)}.{row.tableName}"
                        self._frames[schema, row.tableName] = self._session.table(name)
        settings = self._frames.get(("private", "settings"))
        as_of = settings.filter("name = 'as_of'").first() if settings is not None else None
        return Catalog(
            {table: dict(frame.dtypes) for table, frame in self._frames.items() if table[0] in schemas},
            parse_as_of(as_of.value) if as_of else None,
        )

    def quoted(self, column: str) -> str:
        """Return the quoted name of a column, so that an SQL keyword can be a column name."""
        return "`" + column.replace("`", "``") + "`"

    def problem_with(self, query: str, schema: str, table: str) -> str | None:
        """Return the reason why Spark rejects a query, without the query plan; None if the query is valid."""
        from pyspark.errors import PySparkException

        self._frames[schema, table].createOrReplaceTempView(SPARK_VIEW)
        try:
            # Spark analyses a query at once, but runs it only when its rows are requested
            with _without_log(self._session):
                self._session.sql(f"select count(*) from ({self.runnable(query).replace(BATCH, SPARK_VIEW)}) as found")
        except PySparkException as error:
            return first_line(error)
        return None

    @contextmanager
    def judging(self, context: "EphemeralDataContext") -> "Iterator[Batches]":
        """Provide tables as DataFrames that are cached while their checks run."""
        # Great Expectations would never unpersist them, so it must not persist them itself.
        source = context.data_sources.add_spark("warehouse", persist=False)

        @contextmanager
        def batch(target: str) -> "Iterator[Batch]":
            schema, table = target.split(".", 1)
            frame = self._frames[schema, table].persist()
            frame.createOrReplaceTempView(SPARK_VIEW)
            try:
                asset = source.add_dataframe_asset(target)
                yield asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
            finally:
                frame.unpersist()

        try:
            with _without_log(self._session):
                yield batch
        finally:
            self._session.catalog.dropTempView(SPARK_VIEW)

    def runnable(self, query: str) -> str:
        """Rewrite a suite's query so that Spark reads it as DuckDB does."""
        # In Spark's literals a backslash is an escape; the marts are in another database until they are published.
        in_place = self._marts_in_sql.sub(f"{self._marts}.", query.replace("\\", "\\\\"))
        return _MOMENT.sub("timestamp", in_place)

    def safe_message(self, message: str) -> str:
        """Return the name of an error in Spark's list of error conditions."""
        condition = _CONDITION.search(message)
        return f"{condition[1]} while it was running" if condition else "Great Expectations cannot evaluate it"

    def _database(self, schema: str) -> str:
        return self._marts if schema == SCHEMA else schema


@contextmanager
def _without_log(session: "SparkSession") -> Iterator[None]:
    """Prevent Spark from logging a failed query, because the log has its plan and the value that it failed on."""
    session.sparkContext.setLogLevel("OFF")
    try:
        yield
    finally:
        session.sparkContext.setLogLevel(LOG_LEVEL)
