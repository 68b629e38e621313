"""A SQLAlchemy dialect that lets Great Expectations work on DuckDB.

Importing this module makes URLs that start with `duckdb+buffered://` known to SQLAlchemy.
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
        # Great Expectations reads a result after it has closed the connection, and a DuckDB cursor is its
        # connection: the rows have to leave it before.
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

        Great Expectations makes engines that nobody can dispose of, and a connection left in one of their
        pools would keep everybody else from opening the warehouse for writing.
        """
        return sa.NullPool

    def connect(self, *cargs: Any, **cparams: Any) -> Any:  # noqa: ANN401  (the inherited type is a wrapper's)
        """Connect with times in UTC, as dbt does: text without an offset is read so."""
        connection = super().connect(*cargs, **cparams)
        connection.execute("set TimeZone = 'UTC'")
        return connection

    def get_columns(
        self, connection: sa.Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[ReflectedColumn]:
        """Return the columns of a table, in their order.

        The inherited reflection asks for PostgreSQL catalog tables that DuckDB does not have.
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
        """Return no primary key: the warehouse declares none, and the inherited query is PostgreSQL's own."""
        return {"constrained_columns": [], "name": None}


# The project is no installed plugin of SQLAlchemy, so it says itself where the dialect is.
registry.register(f"duckdb.{DRIVER}", __name__, BufferedDialect.__name__)


@atexit.register
def _let_go_of_duckdb() -> None:
    """Empty duckdb-engine's module when the interpreter ends.

    Great Expectations keeps its functions alive past that end, and DuckDB, held by them, would then print a
    page about leaked objects below whatever the user was told.
    """
    vars(duckdb_engine).clear()
