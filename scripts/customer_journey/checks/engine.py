"""The interface between suites and engines: the catalog, validation of queries, and tables as batches to check."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.interfaces import Batch

    Batches = Callable[[str], AbstractContextManager[Batch]]

Table = tuple[str, str]

# A temporary view of the table being checked: Spark finds its columns there without a call of the metastore each time.
SPARK_VIEW = "judged_table"


@dataclass(frozen=True)
class Catalog:
    """The tables and views of a warehouse with the types of their columns, and the as-of moment of its build."""

    columns: dict[Table, dict[str, str]]
    as_of: datetime | None

    def tables_of(self, schema: str) -> list[str]:
        """Return the names of a schema's tables, sorted."""
        return sorted(table for of_schema, table in self.columns if of_schema == schema)


class Reader(Protocol):
    """An open warehouse against which the entries of suites are validated before any expectation runs."""

    engine: str

    def catalog(self, schemas: Collection[str]) -> Catalog:
        """Return the tables and views of some schemas, and the as-of moment of the build."""

    def quoted(self, column: str) -> str:
        """Return the quoted name of a column, so that an SQL keyword can be a column name."""

    def problem_with(self, query: str, schema: str, table: str) -> str | None:
        """Return the reason, in one line, why the engine rejects a query on a table; None if the query is valid."""


class Engine(Protocol):
    """A warehouse on which Great Expectations runs the suites."""

    def reading(self) -> AbstractContextManager[Reader]:
        """Open the warehouse for validating suites; it is closed again before the checks run."""

    def judging(self, context: "EphemeralDataContext") -> "AbstractContextManager[Batches]":
        """Open the warehouse for the checks; the yielded function makes a batch of `schema.table` for its checks."""

    def runnable(self, query: str) -> str:
        """Escape a suite's query so that it reaches this engine unchanged through Great Expectations."""

    def safe_message(self, message: str) -> str:
        """Return the text of an error that stopped an expectation, without any value of a row."""
