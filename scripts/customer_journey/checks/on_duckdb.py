"""Runs suites on DuckDB: a file that this process does not hold open, read through SQLAlchemy."""

import re
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from customer_journey.checks.engine import Catalog, Table
from customer_journey.checks.suites import BATCH, first_line, parse_as_of
from customer_journey.warehouse import quoted_name

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.interfaces import Batch

    from customer_journey.checks.engine import Batches

# What SQLAlchemy would read as a parameter. Only such colons may be escaped: at any other, the backslash would remain.
_BIND_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
# Errors that quote only the query; errors of a running query, such as a failed cast, quote values of rows instead.
_ERRORS_ABOUT_SQL = ("BinderException", "CatalogException", "ParserException")


class DuckDBReader:
    """An opened DuckDB file, or a database in memory."""

    engine = "DuckDB"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def catalog(self, schemas: Collection[str]) -> Catalog:
        """Return the tables and views of some schemas of the current database."""
        columns: dict[Table, dict[str, str]] = {}
        rows = self._connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns()"
            " where database_name = current_database() and not internal order by column_index"
        ).fetchall()
        for schema, table, column, data_type in rows:
            columns.setdefault((schema, table), {})[column] = data_type
        # not from marts.build_info, which still holds the previous build
        settings = "select value from private.settings where name = 'as_of'"
        row = self._connection.execute(settings).fetchone() if ("private", "settings") in columns else None
        return Catalog(
            {table: names for table, names in columns.items() if table[0] in schemas},
            parse_as_of(row[0]) if row else None,
        )

    def quoted(self, column: str) -> str:
        """Return the quoted name of a column, so that an SQL keyword can be a column name."""
        return quoted_name(column)

    def problem_with(self, query: str, schema: str, table: str) -> str | None:
        """Return the reason why DuckDB rejects a query; None if the query is valid."""
        try:
            read = query.replace(BATCH, f"{self.quoted(schema)}.{self.quoted(table)}")
            self._connection.execute(f"explain select count(*) from ({read}) as found")
        except duckdb.Error as error:
            return first_line(error)
        return None


class OnDuckDB:
    """Runs expectations on a warehouse file, which it opens only while it reads."""

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse

    @contextmanager
    def reading(self) -> Iterator[DuckDBReader]:
        """Open the file read-only."""
        with duckdb.connect(self._warehouse, read_only=True) as connection:
            yield DuckDBReader(connection)

    @contextmanager
    def judging(self, context: "EphemeralDataContext") -> "Iterator[Batches]":
        """Open the file read-only through the buffered dialect, which Great Expectations needs."""
        import sqlalchemy as sa

        import customer_journey.checks.buffered_dialect  # noqa: F401  (registers duckdb+buffered)

        url = "duckdb+buffered:///warehouse"
        # Pass the path as an argument: in the URL, `?`, `%` and `$` would have a special meaning.
        arguments = {"connect_args": {"database": str(self._warehouse), "read_only": True}}
        # Keep the file and DuckDB's cache of it open between the connections of the expectations.
        with sa.create_engine(url, **arguments).connect():
            source = context.data_sources.add_sql(  # type: ignore[call-arg]
                "warehouse", connection_string=url, create_temp_table=False, kwargs=arguments
            )

            @contextmanager
            def batch(target: str) -> "Iterator[Batch]":
                schema, table = target.split(".", 1)
                with warnings.catch_warnings():
                    # `schema_name` is deprecated in favour of one data source per schema; the suites span eight.
                    warnings.simplefilter("ignore", DeprecationWarning)
                    asset = source.add_table_asset(target, table_name=table, schema_name=schema)
                yield asset.add_batch_definition_whole_table("all").get_batch()

            yield batch

    def runnable(self, query: str) -> str:
        """Escape the query's colons that SQLAlchemy would read as parameters."""
        return _BIND_PARAMETER.sub(r"\\:\1", query)

    def safe_message(self, message: str) -> str:
        """Return the full text of an error about the query, otherwise only the kind of error."""
        raised = re.match(r"\(_duckdb\.(\w+)\) (.*)", message)
        if raised and raised[1] in _ERRORS_ABOUT_SQL:
            return raised[2]
        return f"{raised[1]} while it was running" if raised else "Great Expectations cannot evaluate it"
