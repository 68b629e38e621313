"""What differs between engines in a build: where models are built, who judges them, and how they are published."""

import atexit
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import duckdb

from customer_journey import audit, garbage_collection
from customer_journey.checks import later
from customer_journey.checks.expectations import run_expectations
from customer_journey.checks.result import CheckResult
from customer_journey.checks.suites import LAYERS
from customer_journey.history import BuildRecord
from customer_journey.landing import LandingReport, point_at_schemas
from customer_journey.paths import EXPECTATIONS, Output
from customer_journey.publish import SCHEMA, Descriptions, publish
from customer_journey.warehouse import keep_private, open_warehouse

if TYPE_CHECKING:
    import pyarrow as pa

EngineName = Literal["duckdb", "spark"]


class Engine(Protocol):
    """The engine of one build, a context manager that lets go of it at the end."""

    @property
    def dbt_target(self) -> str:
        """The target of the dbt profile."""

    @property
    def building(self) -> str:
        """The schema in which dbt builds the marts."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def land_schemas(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        schemas: Mapping[str, str],
        on_progress: Callable[[str, float], None],
    ) -> LandingReport:
        """Let the warehouse have the tables that an EL tool keeps in schemas of the engine, named by source."""

    def in_output(self, exported: Sequence[str]) -> list[str]:
        """Return which of the tables that landing exported an EL tool keeps in the output folder itself."""

    def start(self, on_progress: Callable[[str, float], None]) -> None:
        """Get ready, and let the models read what was landed."""

    def query_models(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query over the models built so far, in the schemas that dbt builds them in."""

    def keep(self, tables: "Mapping[str, pa.Table]") -> None:
        """Keep tables in the schema `private`, each in the place of its former one, for models to read."""

    def run_expectations(self, on_progress: Callable[[str, float], None]) -> list[CheckResult]:
        """Judge what was landed and built by the expectation suites."""

    def definitions_version(self) -> str | None:
        """Return the version of all stage definitions that were built; None where there are none."""

    def record(
        self,
        build: BuildRecord,
        builds: Sequence[Sequence[Any]],
        checks: Sequence[CheckResult],
        settings: Mapping[str, Any],
    ) -> None:
        """Keep what the build has to tell of itself; `builds` are all of this output folder."""

    def publish(self, build_id: str, descriptions: Descriptions, keep_before: bool) -> int:
        """Let readers see the marts named in `descriptions` and return how many.

        Without `keep_before` nothing of the build before stays, not even for who is reading it.
        """

    def query_published(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query over the published marts, schema `marts`."""

    @property
    def published(self) -> str:
        """Where readers find the marts."""

    @property
    def has_published(self) -> bool:
        """Whether an earlier build has published here."""


class DuckDBEngine:
    """The embedded engine: models in the private warehouse, published as a file of their own."""

    dbt_target = "duckdb"
    building = SCHEMA

    def __init__(self, output: Output) -> None:
        self._output = output
        # Great Expectations keeps its connection to the warehouse until its process ends, so it gets one of its own.
        self._checker = ProcessPoolExecutor(
            max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._checker.shutdown()

    def land_schemas(
        self,
        warehouse: duckdb.DuckDBPyConnection,
        schemas: Mapping[str, str],
        on_progress: Callable[[str, float], None],
    ) -> LandingReport:
        """Read them where they are, in the warehouse itself."""
        return point_at_schemas(warehouse, schemas)

    def in_output(self, exported: Sequence[str]) -> list[str]:
        """None: tables are read where they are, and none is exported."""
        return []

    def start(self, on_progress: Callable[[str, float], None]) -> None:
        """Begin to load Great Expectations, which takes seconds that pass while dbt is at work."""
        self._checker.submit(later.load_great_expectations)

    def query_models(self, query: str) -> list[tuple[Any, ...]]:
        """Read the private warehouse."""
        with open_warehouse(self._output.warehouse) as connection:
            return connection.execute(query).fetchall()

    def keep(self, tables: "Mapping[str, pa.Table]") -> None:
        """Write them to the private warehouse."""
        keep_private(self._output.warehouse, tables)

    def run_expectations(self, on_progress: Callable[[str, float], None]) -> list[CheckResult]:
        """Judge the closed warehouse in the process that is kept for it."""
        return self._checker.submit(
            run_expectations, self._output.warehouse, EXPECTATIONS, LAYERS, self._output.data_docs
        ).result()

    def definitions_version(self) -> str | None:
        """Read it from the warehouse."""
        with open_warehouse(self._output.warehouse) as connection:
            return audit.definitions_version(_DuckDBStore(connection))

    def record(
        self,
        build: BuildRecord,
        builds: Sequence[Sequence[Any]],
        checks: Sequence[CheckResult],
        settings: Mapping[str, Any],
    ) -> None:
        """Keep it in the warehouse."""
        with open_warehouse(self._output.warehouse) as connection:
            audit.record_build(_DuckDBStore(connection), build, builds, checks, settings)

    def publish(self, build_id: str, descriptions: Descriptions, keep_before: bool) -> int:
        """Rename a new file over the published one, which leaves nothing of it."""
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
            # one statement: a thousand of them take as long as a dozen models
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
    garbage_collection.search_seldom()


def _end_with_parent() -> None:
    """Let this process end when the build does, however that ends: one that is killed cannot tell its children."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    # with a thread still waiting, DuckDB's module would be taken apart in an order that it prints a page about
    atexit.register(os._exit, 0)


def engine_of(name: EngineName, output: Output) -> Engine:
    """Return the engine of that name for an output folder."""
    if name == "duckdb":
        return DuckDBEngine(output)
    from customer_journey.spark.engine import SparkEngine

    return SparkEngine(output)
