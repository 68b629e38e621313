"""The Spark engine of a build: models are tables in Spark's catalog, published as views in the database `marts`."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from customer_journey import audit
from customer_journey.checks.result import CheckResult
from customer_journey.checks.suites import LAYERS
from customer_journey.engine import Engine
from customer_journey.landing.landed import LandingReport
from customer_journey.operations.history import PUBLISHED, PUBLISHING, BuildRecord
from customer_journey.paths import EXPECTATIONS, Output, write_whole
from customer_journey.publishing.publish import SCHEMA, Descriptions
from customer_journey.spark.connection import BUILDING, SparkConnection, connect, hand_over_keys, literal, tables_in
from customer_journey.spark.landed import share_landed, share_table
from customer_journey.spark.publish import publish_on_spark, published_database
from customer_journey.spark.raw_schemas import land_from_catalog, those_under
from customer_journey.warehouse import keep_private, open_warehouse


class SparkEngine(Engine):
    """Spark in a session of this process, or the cluster behind the Thrift server that the environment names."""

    building = BUILDING

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        self._connection: SparkConnection | None = None

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()

    @property
    def _spark(self) -> SparkConnection:
        if self._connection is None:
            self._connection = connect(self._output.root)
        return self._connection

    @property
    def dbt_target(self) -> str:
        """The target of the dbt profile: for a session or for a server."""
        return self._spark.dbt_target

    def land_schemas(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        schemas: Mapping[str, str],
        on_progress: Callable[[str, float], None],
    ) -> LandingReport:
        """Export the tables of Spark's catalog to Parquet files, and land these."""
        on_progress("connecting", 0)
        return land_from_catalog(warehouse, self._spark, self._output.exports, schemas, on_progress)

    def in_output(self, exported: Sequence[str]) -> list[str]:
        """Return the exported tables whose files are below the output folder."""
        return those_under(self._spark, self._output.root, exported)

    def start(self, on_progress: Callable[[str, float], None]) -> None:
        """Connect, write the landed rows as Parquet, and register them in Spark's catalog."""
        on_progress("connecting", 0)
        # only now is the key known, because it depends on the landed rows; the session may have started before
        hand_over_keys(self._output.root)
        share_landed(self._output, self._spark, on_progress)

    def query_models(self, query: str) -> list[tuple[Any, ...]]:
        """Read the tables of the catalog."""
        return self._spark.execute(query)

    def keep(self, tables: Mapping[str, pa.Table]) -> None:
        """Write them to the private warehouse, like the landed tables, and share them from there with Spark."""
        keep_private(self._output.warehouse, tables)
        with open_warehouse(self._output.warehouse) as connection:
            for name in tables:
                share_table(connection, self._output.landed, self._spark, "private", name)

    def run_expectations(self, on_progress: Callable[[str, float], None]) -> list[CheckResult]:
        """Run the suites on the tables of the session, or on the files of a cluster's tables."""
        from customer_journey.checks.on_spark import run_expectations_on_spark

        session = self._spark.session_to_judge(self._output.root)
        return run_expectations_on_spark(session, EXPECTATIONS, LAYERS, self._output.data_docs, on_progress)

    @contextmanager
    def marts(self) -> Iterator[audit.AuditStore]:
        """Open the database in which the marts are built."""
        yield _SparkStore(self._spark)

    def record(
        self,
        build: BuildRecord,
        builds: Sequence[Sequence[Any]],
        checks: Sequence[CheckResult],
        settings: Mapping[str, Any],
    ) -> None:
        """Store it as published already: it is published with the marts that are being built."""
        seen = [[PUBLISHED if value == PUBLISHING else value for value in row] for row in builds]
        super().record(build, seen, checks, settings)

    def publish(self, build_id: str, descriptions: Descriptions, keep_before: bool) -> int:
        """Copy the built marts, and switch the views in `marts` to the copy."""
        folders = publish_on_spark(self._spark, build_id, descriptions, keep_before)
        note = {"build_id": build_id, "marts": folders}
        write_whole(self._output.published_on_spark, json.dumps(note, indent=1))
        return len(folders)

    def query_published(self, query: str) -> list[tuple[Any, ...]]:
        """Read the published views."""
        return self._spark.execute(query)

    @property
    def published(self) -> str:
        """The database of the published views."""
        return f"database {SCHEMA} of {self._spark.place}"

    @property
    def has_published(self) -> bool:
        """Whether the views exist."""
        return published_database(self._spark) is not None


class _SparkStore:
    schema = BUILDING

    def __init__(self, spark: SparkConnection) -> None:
        self._spark = spark
        self.engine_version = f"Apache Spark {spark.execute('select version()')[0][0].split()[0]}"

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        return self._spark.execute(statement)

    def insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            values = ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)
            self._spark.execute(f"insert into {self.schema}.{table} values {values}")

    def has_table(self, table: str) -> bool:
        return table in tables_in(self._spark, self.schema)
