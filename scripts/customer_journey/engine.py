"""What differs between the engines: where models are built, how expectations are run, and how marts are published."""

import atexit
import multiprocessing
import multiprocessing.connection
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import duckdb

from customer_journey import audit, garbage_collection
from customer_journey.checks import preload
from customer_journey.checks.expectations import run_expectations
from customer_journey.checks.result import CheckResult
from customer_journey.checks.suites import LAYERS
from customer_journey.landing.el_schemas import point_at_schemas
from customer_journey.landing.landed import LandingReport
from customer_journey.operations.history import BuildRecord
from customer_journey.paths import EXPECTATIONS, Output
from customer_journey.publishing.publish import SCHEMA, Descriptions, publish
from customer_journey.warehouse import keep_private, open_warehouse

if TYPE_CHECKING:
    import pyarrow as pa

EngineName = Literal["duckdb", "spark"]


class Engine(ABC):
    """The engine of one build, a context manager that releases its resources at the end."""

    # the schema in which dbt builds the marts
    building: str

    def __init__(self, output: Output) -> None:
        self._output = output

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    @abstractmethod
    def dbt_target(self) -> str:
        """The target of the dbt profile."""

    @abstractmethod
    def close(self) -> None:
        """Release the resources."""

    @abstractmethod
    def land_schemas(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        schemas: Mapping[str, str],
        on_progress: Callable[[str, float], None],
    ) -> LandingReport:
        """Land the tables that an EL tool keeps in schemas of the engine; `schemas` has the schema of each source."""

    @abstractmethod
    def in_output(self, exported: Sequence[str]) -> list[str]:
        """Return those of the exported tables that an EL tool keeps in the output folder itself."""

    @abstractmethod
    def start(self, on_progress: Callable[[str, float], None]) -> None:
        """Start the engine and give the models access to the landed rows."""

    @abstractmethod
    def query_models(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query over the models built so far, in the schemas that dbt builds them in."""

    @abstractmethod
    def keep(self, tables: "Mapping[str, pa.Table]") -> None:
        """Create or replace tables in the schema `private`, for models to read."""

    @abstractmethod
    def run_expectations(self, on_progress: Callable[[str, float], None]) -> list[CheckResult]:
        """Run the expectation suites on the landed rows and the models."""

    @abstractmethod
    def marts(self) -> AbstractContextManager[audit.AuditStore]:
        """Open the schema in which the marts are built."""

    def definitions_version(self) -> str | None:
        """Return the version of all built stage definitions; None if there are none."""
        with self.marts() as store:
            return audit.definitions_version(store)

    def record(
        self,
        build: BuildRecord,
        builds: Sequence[Sequence[Any]],
        checks: Sequence[CheckResult],
        settings: Mapping[str, Any],
    ) -> None:
        """Store the record of the build and its checks for the audit marts; `builds` are all builds of this folder."""
        with self.marts() as store:
            audit.record_build(store, build, builds, checks, settings)

    @abstractmethod
    def publish(self, build_id: str, descriptions: Descriptions, keep_before: bool) -> int:
        """Publish the marts named in `descriptions` and return their number.

        Without `keep_before` the marts of the previous build are removed at once, even if somebody is reading them.
        """

    @abstractmethod
    def query_published(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query over the published marts, schema `marts`."""

    @property
    @abstractmethod
    def published(self) -> str:
        """The place of the published marts."""

    @property
    @abstractmethod
    def has_published(self) -> bool:
        """Whether an earlier build has published here."""


class DuckDBEngine(Engine):
    """The embedded engine: models are built in the private warehouse and published as a separate file."""

    dbt_target = "duckdb"
    building = SCHEMA

    def __init__(self, output: Output) -> None:
        super().__init__(output)
        # Great Expectations keeps its connection to the warehouse open until its process ends: it gets its own process.
        self._checker = ProcessPoolExecutor(
            max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
        )

    def close(self) -> None:
        """End the process of Great Expectations."""
        self._checker.shutdown()

    def land_schemas(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        schemas: Mapping[str, str],
        on_progress: Callable[[str, float], None],
    ) -> LandingReport:
        """Create views over the tables, which are in the warehouse itself."""
        return point_at_schemas(warehouse, schemas)

    def in_output(self, exported: Sequence[str]) -> list[str]:
        """Return none: on this engine no table is exported."""
        return []

    def start(self, on_progress: Callable[[str, float], None]) -> None:
        """Start importing Great Expectations, which takes seconds, while dbt runs."""
        self._checker.submit(preload.load_great_expectations)

    def query_models(self, query: str) -> list[tuple[Any, ...]]:
        """Read the private warehouse."""
        with open_warehouse(self._output.warehouse) as connection:
            return connection.execute(query).fetchall()

    def keep(self, tables: "Mapping[str, pa.Table]") -> None:
        """Write them to the private warehouse."""
        keep_private(self._output.warehouse, tables)

    def run_expectations(self, on_progress: Callable[[str, float], None]) -> list[CheckResult]:
        """Run the suites on the closed warehouse, in the process reserved for them."""
        return self._checker.submit(
            run_expectations, self._output.warehouse, EXPECTATIONS, LAYERS, self._output.data_docs
        ).result()

    @contextmanager
    def marts(self) -> Iterator[audit.AuditStore]:
        """Open the warehouse."""
        with open_warehouse(self._output.warehouse) as connection:
            yield _DuckDBStore(connection)

    def publish(self, build_id: str, descriptions: Descriptions, keep_before: bool) -> int:
        """Rename a new file over the published one, of which nothing is kept."""
        return publish(self._output, descriptions)

    def query_published(self, query: str) -> list[tuple[Any, ...]]:
        """Read the published file."""
        with duckdb.connect(str(self._output.published), read_only=True) as connection:
            return connection.execute(query).fetchall()

    @property
    def published(self) -> str:
        """The published file."""
        return str(self._output.published)

    @property
    def has_published(self) -> bool:
        """Whether the file is there."""
        return self._output.published.exists()


class _DuckDBStore:
    schema = SCHEMA
    engine_version = f"DuckDB {duckdb.__version__}"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            # a single statement: a thousand inserts would take as long as a dozen models
            places = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
            values = [value for row in rows for value in row]
            self._connection.execute(f"insert into {self.schema}.{table} values {places}", values)

    def has_table(self, table: str) -> bool:
        rows = self.execute(
            f"select 1 from duckdb_tables() where schema_name = '{self.schema}' and table_name = '{table}'"
        )
        return bool(rows)


def _begin() -> None:
    _end_with_parent()
    garbage_collection.collect_garbage_seldom()


def _end_with_parent() -> None:
    """End this process when the build ends, also when the build is killed and cannot stop its children."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    # a normal exit with a waiting thread would make DuckDB's module print a long warning
    atexit.register(os._exit, 0)


def engine_of(name: EngineName, output: Output) -> Engine:
    """Return the engine of that name for an output folder."""
    if name == "duckdb":
        return DuckDBEngine(output)
    from customer_journey.spark.engine import SparkEngine

    return SparkEngine(output)
