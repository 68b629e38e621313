"""A SQLAlchemy dialect that lets Great Expectations work on DuckDB.

Importing this module registers URLs that start with `duckdb+buffered://` in SQLAlchemy.
"""

import atexit
from typing import Any

import duckdb_engine
import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGExecutionContext_psycopg2
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedPrimaryKeyConstraint

DRIVER = "buffered"

_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "BIGINT": sa.BigInteger,
    "BOOLEAN": sa.Boolean,
    "DATE": sa.Date,
    "DECIMAL": sa.Numeric,
    "DOUBLE": sa.Double,
    "FLOAT": sa.Float,
    "HUGEINT": sa.BigInteger,
    "INTEGER": sa.Integer,
    "SMALLINT": sa.SmallInteger,
    "TIMESTAMP": sa.DateTime,
    "TIMESTAMP WITH TIME ZONE": sa.DateTime,
    "TINYINT": sa.SmallInteger,
    "UBIGINT": sa.BigInteger,
    "UINTEGER": sa.Integer,
    "VARCHAR": sa.String,
}


class _BufferedContext(PGExecutionContext_psycopg2):
    """Fetches all rows of a statement at once."""

    def post_exec(self) -> None:
        # Great Expectations reads a result after closing the connection. A DuckDB cursor is its connection, so the
        # rows must be fetched before.
        if self.cursor.description:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                self.cursor, initial_buffer=self.cursor.fetchall()
            )
        super().post_exec()  # type: ignore[no-untyped-call]


class BufferedDialect(duckdb_engine.Dialect):
    """duckdb-engine's dialect with buffered results and with columns read from DuckDB's own catalog."""

    driver = DRIVER
    execution_ctx_cls = _BufferedContext
    supports_statement_cache = False

    @classmethod
    def get_pool_class(cls, url: sa.URL) -> type[sa.Pool]:
        """Return a pool that keeps no connection.

        Great Expectations creates engines that cannot be disposed of from outside, and a connection left in one of
        their pools would prevent every other process from opening the warehouse for writing.
        """
        return sa.NullPool

    def connect(self, *cargs: Any, **cparams: Any) -> Any:  # noqa: ANN401  (the inherited type is a wrapper's)
        """Connect with the time zone UTC, as dbt does: it applies to text without an offset."""
        connection = super().connect(*cargs, **cparams)
        connection.execute("set TimeZone = 'UTC'")
        return connection

    def get_columns(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedColumn]:
        """Return the columns of a table, in their order.

        The inherited reflection queries PostgreSQL catalog tables that DuckDB does not have.
        """
        rows = connection.execute(
            sa.text(
                "select column_name, data_type, is_nullable from duckdb_columns() where database_name = "
                "current_database() and schema_name = :schema and table_name = :table order by column_index"
            ),
            {"schema": schema or "main", "table": str(table_name)},
        ).fetchall()
        if not rows:
            raise sa.exc.NoSuchTableError(table_name)
        return [
            {
                "name": name,
                "type": _TYPES.get(data_type.split("(")[0], sa.types.NullType)(),
                "nullable": nullable,
                "default": None,
            }
            for name, data_type, nullable in rows
        ]

    def get_pk_constraint(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> ReflectedPrimaryKeyConstraint:
        """Return no primary key: the warehouse declares none, and the inherited query works only on PostgreSQL."""
        return {"constrained_columns": [], "name": None}


# The project is not an installed plugin of SQLAlchemy, so it registers its dialect itself.
registry.register(f"duckdb.{DRIVER}", __name__, BufferedDialect.__name__)


@atexit.register
def _release_duckdb() -> None:
    """Empty duckdb-engine's module when the interpreter ends.

    Great Expectations keeps references to its functions past that end. DuckDB, referenced by them, would then print a
    page about leaked objects below the output of the command.
    """
    vars(duckdb_engine).clear()
