"""Statements to Spark, by a session of this process or by the Thrift server of a cluster."""

import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from customer_journey.contract import raw_tables
from customer_journey.errors import BuildError, InputError
from customer_journey.hash_key import hash_key, ring_of
from customer_journey.landing import own_schemas
from customer_journey.paths import Output
from customer_journey.warehouse import open_warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HOST_VARIABLE = "JOURNEY_SPARK_HOST"
# where marts stand until they are published
BUILDING = "marts_building"
_PARTITIONS = ("# Partition Information", "")


class StatementError(BuildError):
    """A statement that Spark refused or could not run; the text is the first line of Spark's error."""


class SparkConnection(Protocol):
    """A connection to Spark that runs statements and returns their rows."""

    dbt_target: str
    place: str

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, none for what returns nothing.

        Raises:
            StatementError: Spark refused it.
        """

    def session_to_judge(self, root: Path) -> "SparkSession":
        """Return a session of this process that sees the tables of raw rows and of marts that are being built."""

    def close(self) -> None:
        """Let go of Spark."""


class SessionConnection:
    """A session of this process, which dbt's statements share."""

    dbt_target = "spark"

    def __init__(self, session: "SparkSession", root: Path) -> None:
        self.session = session
        self.place = str(root / "spark-warehouse")

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        from pyspark.errors import PySparkException

        try:
            return [tuple(row) for row in self.session.sql(statement).collect()]
        except PySparkException as error:
            raise _refused(statement, str(error)) from error

    def session_to_judge(self, root: Path) -> "SparkSession":
        """Return the session itself."""
        return self.session

    def close(self) -> None:
        """Stop Spark, which lets another process have the metastore."""
        self.session.stop()


class ThriftConnection:
    """A connection to the Thrift server that the environment names, as the profile's target spark_thrift."""

    dbt_target = "spark_thrift"

    def __init__(self) -> None:
        from pyhive import hive

        self._beside: SparkSession | None = None
        host = os.environ[HOST_VARIABLE]
        port = int(os.environ.get("JOURNEY_SPARK_PORT", "10000"))
        self.place = f"the catalog behind {host}:{port}"
        try:
            self._connection = hive.connect(
                host=host,
                port=port,
                username=os.environ.get("JOURNEY_SPARK_USER", "journey"),
                auth=os.environ.get("JOURNEY_SPARK_AUTH", "NONE"),
                password=os.environ.get("DBT_ENV_SECRET_JOURNEY_SPARK_PASSWORD") or None,
                # as profiles.yml has it: Spark's Thrift server loses a name alone
                configuration={
                    "set:hiveconf:spark.sql.session.timeZone": "UTC",
                    "set:hiveconf:spark.sql.ansi.enabled": "false",
                },
            )
        except Exception as error:  # thrift, its SASL layer and sockets each raise their own
            raise InputError(
                f"{HOST_VARIABLE}: no Spark Thrift server answers at {host}:{port} ({type(error).__name__}). Start it, "
                "or correct the address."
            ) from error

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        from pyhive.exc import Error
        from thrift.transport.TTransport import TTransportException

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(statement)
                return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        except Error as error:
            # the server's answer, of which the message is one field
            status = getattr(error.args[0], "status", None) if error.args else None
            raise _refused(statement, getattr(status, "errorMessage", None) or str(error)) from error
        except (TTransportException, OSError) as error:
            raise StatementError(
                f"Spark: {self.place} does not answer any more ({type(error).__name__}). Build again once it does."
            ) from error

    def session_to_judge(self, root: Path) -> "SparkSession":
        """Start a session beside the cluster and name the cluster's tables in it by their files.

        Great Expectations wants DataFrames, which a Thrift server does not hand out; the files must be in reach.
        """
        from customer_journey.spark.session import start_session

        folder = root / "judging"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        session = start_session(folder)
        # an EL tool's databases may begin with raw_ too, and hold what is no file of Parquet
        judged = {"private", BUILDING} | {f"raw_{table.source}" for table in raw_tables()}
        for (schema,) in self.execute("show databases"):
            if schema not in judged:
                continue
            session.sql(f"create database {schema}")
            for table in sorted(tables_in(self, schema)):
                name = f"{schema}.{table}"
                location = dict(row[:2] for row in self.execute(f"describe formatted {name}"))["Location"].strip()
                columns, partitioned_by = describe(self, name)
                # named, since an empty table has no file that could tell them
                typed = ", ".join(f"{column} {kind}" for column, kind in columns)
                parts = f"partitioned by ({', '.join(partitioned_by)})" if partitioned_by else ""
                session.sql(f"create table {name} ({typed}) using parquet {parts} location {literal(location)}")
                if partitioned_by:
                    session.sql(f"alter table {name} recover partitions")
        self._beside = session
        return session

    def close(self) -> None:
        """Close the connection, and the session beside it."""
        if self._beside is not None:
            self._beside.stop()
        self._connection.close()


def connect(root: Path) -> SparkConnection:
    """Connect to the cluster that the environment names, or else start a session with its files under `root`.

    Raises:
        InputError: the cluster does not answer.
    """
    hand_over_keys(root)
    if os.environ.get(HOST_VARIABLE):
        return ThriftConnection()
    from customer_journey.spark.session import start_session

    connection = SessionConnection(start_session(root), root)
    remove_unfinished(connection, root / "spark-warehouse")
    return connection


def hand_over_keys(root: Path) -> None:
    """Let the profile's targets of Spark hash with the key in force, and know the one before it."""
    with open_warehouse(Output(root).warehouse) as warehouse:
        last = ring_of(warehouse, hash_key()).last
    # under such names dbt keeps the keys out of its logs
    os.environ["DBT_ENV_SECRET_JOURNEY_HASH_KEY"] = hash_key()
    os.environ["DBT_ENV_SECRET_JOURNEY_LAST_HASH_KEY"] = last


def remove_unfinished(spark: SparkConnection, warehouse: Path) -> None:
    """Remove the folders of tables that a killed build had begun: Spark would refuse to create these tables again."""
    databases = {row[0] for row in spark.execute("show databases")}
    for database in sorted(own_databases()):
        tables = tables_in(spark, database) if database in databases else set()
        for folder in (warehouse / f"{database}.db").glob("*/"):
            if folder.name not in tables:
                shutil.rmtree(folder)


def tables_in(spark: SparkConnection, database: str) -> set[str]:
    """Return the names of a database's tables and views."""
    return _lasting(spark.execute(f"show tables in {database}"))


def views_in(spark: SparkConnection, database: str) -> set[str]:
    """Return the names of a database's views."""
    return _lasting(spark.execute(f"show views in {database}"))


def _lasting(rows: Iterable[tuple[Any, ...]]) -> set[str]:
    # Spark lists a session's temporary views with every database
    return {str(name) for _, name, is_temporary, *_ in rows if not is_temporary}


def own_databases() -> set[str]:
    """Return the databases that a build writes, but for those of what is published."""
    return {*own_schemas(), BUILDING}


def describe(spark: SparkConnection, relation: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the names and types of a relation's columns, and the names of those that it is partitioned by."""
    rows = [(str(name), str(kind)) for name, kind, *_ in spark.execute(f"describe table {relation}")]

    def until_heading(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return list(takewhile(lambda row: row[0] and not row[0].startswith("# "), rows))

    # below the columns stands a heading, the heading of a table, and then those columns again
    heading = rows.index(_PARTITIONS) if _PARTITIONS in rows else len(rows)
    return until_heading(rows), [name for name, _ in until_heading(rows[heading + 2 :])]


def _refused(statement: str, said: str) -> StatementError:
    reason = next((line.strip() for line in said.splitlines() if line.strip()), "it does not say why")
    beginning = " ".join(statement.split())[:60]
    return StatementError(f"Spark: {reason} (statement: {beginning} …)")


def place(folder: Path) -> str:
    """Write a folder of this machine as Spark SQL, which reads a blank as it stands and not as a URI has it."""
    return literal(f"file://{folder}")


def literal(value: object) -> str:
    """Write a value as Spark SQL; in a text a backslash escapes, also the quotation mark."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S.%f}'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
