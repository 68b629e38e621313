"""The interface between the suites and an engine: its tables, the check of a query, and tables as batches."""

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

# A temporary view of the table at work; Spark looks its columns up there without asking the metastore each time.
SPARK_VIEW = "judged_table"


@dataclass(frozen=True)
class Catalog:
    """The tables and views of a warehouse with their columns, and the moment that its build takes for now."""

    columns: dict[Table, list[str]]
    as_of: datetime | None

    def tables_of(self, schema: str) -> list[str]:
        """Return the names of a schema's tables, sorted."""
        return sorted(table for of_schema, table in self.columns if of_schema == schema)


class Reader(Protocol):
    """An open warehouse to check the entries of suites against, before any expectation runs."""

    engine: str

    def catalog(self, schemas: Collection[str]) -> Catalog:
        """Return the tables and views of some schemas, and the moment that the build takes for now."""

    def quoted(self, column: str) -> str:
        """Return the quoted name of a column, so that a name that is an SQL keyword works too."""

    def problem_with(self, query: str, schema: str, table: str) -> str | None:
        """Return in one line why the engine refuses a query on a table; None if it would run."""


class Engine(Protocol):
    """A warehouse on which Great Expectations runs the suites."""

    def reading(self) -> AbstractContextManager[Reader]:
        """Open the warehouse for reading; closed again before anything is judged."""

    def judging(self, context: "EphemeralDataContext") -> "AbstractContextManager[Batches]":
        """Open the warehouse for judging; what it yields makes a batch of `schema.table` while that is judged."""

    def runnable(self, query: str) -> str:
        """Write a suite's query as Great Expectations hands it on to this engine unchanged."""

    def told(self, message: str) -> str:
        """Tell of an error that stopped an expectation, without a value of a row."""
