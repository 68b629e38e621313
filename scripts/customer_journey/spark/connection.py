"""Connections that run statements on Spark: a session in this process, or the Thrift server of a cluster."""

import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from customer_journey.contract import raw_tables
from customer_journey.errors import BuildError, InputError
from customer_journey.landing.el_schemas import own_schemas
from customer_journey.paths import Output
from customer_journey.privacy.hash_key import hash_key, ring_of
from customer_journey.warehouse import open_warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HOST_VARIABLE = "JOURNEY_SPARK_HOST"
# the database of the marts until they are published
BUILDING = "marts_building"
_PARTITIONS = ("# Partition Information", "")


class StatementError(BuildError):
    """Spark rejected a statement or could not run it; the text is the first line of Spark's error."""


class SparkConnection(Protocol):
    """A connection to Spark that runs statements and returns their rows."""

    dbt_target: str
    place: str

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, an empty list if it returns none.

        Raises:
            StatementError: Spark rejected it or could not run it.
        """

    def session_to_judge(self, root: Path) -> "SparkSession":
        """Return a session in this process, for the checks, that sees the raw tables and the marts being built."""

    def close(self) -> None:
        """Close the connection to Spark."""


class SessionConnection:
    """A session in this process, which dbt uses too."""

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
        """Stop Spark, so that another process can open the metastore."""
        self.session.stop()


class ThriftConnection:
    """A connection to the Thrift server that the environment names, as in the profile's target spark_thrift."""

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
                # with the prefix, as in profiles.yml: Spark's Thrift server ignores names without it
                configuration={
                    "set:hiveconf:spark.sql.session.timeZone": "UTC",
                    "set:hiveconf:spark.sql.constraintPropagation.enabled": "false",
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
            # the error holds the server's response, which has the message in a field
            status = getattr(error.args[0], "status", None) if error.args else None
            raise _refused(statement, getattr(status, "errorMessage", None) or str(error)) from error
        except (TTransportException, OSError) as error:
            raise StatementError(
                f"Spark: {self.place} does not answer any more ({type(error).__name__}). Build again once it does."
            ) from error

    def session_to_judge(self, root: Path) -> "SparkSession":
        """Start a session beside the cluster and register the files of the cluster's tables in it.

        Great Expectations needs DataFrames, which a Thrift server does not provide; so this machine must be able to
        read the tables' files.
        """
        from customer_journey.spark.session import start_session

        folder = root / "judging"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        session = start_session(folder)
        # only this project's databases: those of an EL tool may start with raw_ too, and not be Parquet files
        judged = {"private", BUILDING} | {f"raw_{table.source}" for table in raw_tables()}
        for (schema,) in self.execute("show databases"):
            if schema not in judged:
                continue
            session.sql(f"create database {schema}")
            for table in sorted(tables_in(self, schema)):
                name = f"{schema}.{table}"
                location = dict(row[:2] for row in self.execute(f"describe formatted {name}"))["Location"].strip()
                columns, partitioned_by = describe(self, name)
                # name the columns, because an empty table has no file to read them from
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
    """Connect to the cluster that the environment names; if it names none, start a session with files under `root`.

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
    """Pass the current hash key and the previous one to the profile's Spark targets."""
    with open_warehouse(Output(root).warehouse) as warehouse:
        last = ring_of(warehouse, hash_key()).last
    # dbt keeps environment variables with this prefix out of its logs
    os.environ["DBT_ENV_SECRET_JOURNEY_HASH_KEY"] = hash_key()
    os.environ["DBT_ENV_SECRET_JOURNEY_LAST_HASH_KEY"] = last


def remove_unfinished(spark: SparkConnection, warehouse: Path) -> None:
    """Remove the folders of tables that a killed build left unfinished: Spark would refuse to create these tables."""
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
    # leave out the session's temporary views, which Spark lists in every database
    return {str(name) for _, name, is_temporary, *_ in rows if not is_temporary}


def own_databases() -> set[str]:
    """Return the databases that a build writes, except those of the published marts."""
    return {*own_schemas(), BUILDING}


def describe(spark: SparkConnection, relation: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the names and types of a relation's columns, and the names of its partition columns."""
    rows = [(str(name), str(kind)) for name, kind, *_ in spark.execute(f"describe table {relation}")]

    def until_heading(rows: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return list(takewhile(lambda row: row[0] and not row[0].startswith("# "), rows))

    # after the columns come a heading, the header of a table, and the partition columns again
    heading = rows.index(_PARTITIONS) if _PARTITIONS in rows else len(rows)
    return until_heading(rows), [name for name, _ in until_heading(rows[heading + 2 :])]


def _refused(statement: str, answer: str) -> StatementError:
    reason = next((line.strip() for line in answer.splitlines() if line.strip()), "it does not say why")
    beginning = " ".join(statement.split())[:60]
    return StatementError(f"Spark: {reason} (statement: {beginning} …)")


def place(folder: Path) -> str:
    """Return the path of a local folder for Spark SQL, with blanks unescaped: Spark does not decode a URI here."""
    return literal(f"file://{folder}")


def literal(value: object) -> str:
    """Return a value as a Spark SQL literal; in strings, a backslash escapes the quotation mark and itself."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S.%f}'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
