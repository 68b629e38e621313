"""Connections to both engines, set up as in builds."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HASH_KEY = "a-key-of-tests"

Query = Callable[[str], Sequence[tuple[Any, ...]]]


@pytest.fixture
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with the settings of the dbt profile."""
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    with duckdb.connect() as connection:
        for name, value in profile["customer_journey"]["outputs"]["duckdb"]["settings"].items():
            connection.execute(f"set {name} = '{value}'")
        connection.execute("set variable hash_key = ?", [HASH_KEY])
        yield connection


@pytest.fixture(params=["duckdb", "spark"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def query(engine: str, request: pytest.FixtureRequest) -> Query:
    """Run a select on the engine of the test and return its rows."""
    if engine == "duckdb":
        connection: duckdb.DuckDBPyConnection = request.getfixturevalue("duck")
        return lambda sql: connection.execute(sql).fetchall()
    session: SparkSession = request.getfixturevalue("spark")
    session.conf.set("spark.journey.hash_key", HASH_KEY)
    return lambda sql: [tuple(row) for row in session.sql(sql).collect()]
