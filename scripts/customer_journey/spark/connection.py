"""Statements to Spark, by a session of this process or by the Thrift server of a cluster."""

import os
import shutil
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from customer_journey.errors import InputError
from customer_journey.hash_key import hash_key

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HOST_VARIABLE = "JOURNEY_SPARK_HOST"
# where marts stand until they are published
BUILDING = "marts_building"


class SparkConnection(Protocol):
    """Whatever runs a statement on Spark and returns its rows."""

    dbt_target: str
    place: str

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, none for what returns nothing."""

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
        return [tuple(row) for row in self.session.sql(statement).collect()]

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
                f"{HOST_VARIABLE}: no Spark Thrift server answers at {host}:{port} ({type(error).__name__})."
            ) from error

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def session_to_judge(self, root: Path) -> "SparkSession":
        """Start a session beside the cluster and name the cluster's tables in it by their files.

        Great Expectations wants DataFrames, which a Thrift server does not hand out; the files must be in reach.
        """
        from customer_journey.spark.session import start_session

        folder = root / "judging"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        session = start_session(folder)
        for (schema,) in self.execute("show databases"):
            if not schema.startswith("raw_") and schema not in ("private", BUILDING):
                continue
            session.sql(f"create database {schema}")
            for _, table, _ in self.execute(f"show tables in {schema}"):
                described = self.execute(f"describe formatted {schema}.{table}")
                # a blank line parts the columns from the rest; an empty table has no file that could tell them
                columns = ", ".join(f"{row[0]} {row[1]}" for row in takewhile(lambda row: row[0], described))
                location = dict(row[:2] for row in described)["Location"].strip()
                session.sql(f"create table {schema}.{table} ({columns}) using parquet location '{location}'")
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
    # under this name dbt keeps the key out of its logs
    os.environ["DBT_ENV_SECRET_JOURNEY_HASH_KEY"] = hash_key()
    if os.environ.get(HOST_VARIABLE):
        return ThriftConnection()
    from customer_journey.spark.session import start_session

    return SessionConnection(start_session(root), root)


def literal(value: object) -> str:
    """Write a value as Spark SQL; in a text a backslash escapes, also the quotation mark."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S.%f}'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
