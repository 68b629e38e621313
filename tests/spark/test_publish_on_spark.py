"""Publishing on Spark: readers of `marts` switch from one whole build to the next."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from customer_journey.spark.connection import BUILDING, SessionConnection, views_in
from customer_journey.spark.publish import POINTER, publish_on_spark, published_database
from pyspark.sql import SparkSession

DESCRIPTIONS = {
    "fct_orders": ("One row an order; the shop's own.", {"order_id": "Order.", "amount": "What it's worth."}),
    "build_info": ("One row.", {"build": "Build."}),
}


@pytest.fixture
def connection(spark: SparkSession, tmp_path: Path) -> Iterator[SessionConnection]:
    """The session, without any marts."""
    connection = SessionConnection(spark, tmp_path)
    _drop_marts(connection)
    yield connection
    _drop_marts(connection)


def _drop_marts(connection: SessionConnection) -> None:
    for (database,) in connection.execute("show databases like 'marts*'"):
        connection.execute(f"drop database {database} cascade")


def _build(connection: SessionConnection, number: int, column: str = "amount") -> None:
    connection.execute(f"create schema if not exists {BUILDING}")
    for mart in DESCRIPTIONS:
        connection.execute(f"drop table if exists {BUILDING}.{mart}")
    connection.execute(
        f"create table {BUILDING}.fct_orders as select id as order_id, {number} as {column} from range(5)"
    )
    connection.execute(f"create table {BUILDING}.build_info as select {number} as build")


def test_readers_see_what_was_published_last(connection: SessionConnection) -> None:
    """Readers see the last published build, not the one that is being built."""
    _build(connection, 1)
    assert published_database(connection) is None
    folders = publish_on_spark(connection, "20260101T000000Z", DESCRIPTIONS, keep_before=True)
    assert set(folders) == set(DESCRIPTIONS)
    assert all(list(Path(folder).glob("*.parquet")) for folder in folders.values())
    _build(connection, 2)
    assert connection.execute("select distinct amount from marts.fct_orders") == [(1,)]
    publish_on_spark(connection, "20260102T000000Z", DESCRIPTIONS, keep_before=True)
    assert connection.execute("select distinct amount from marts.fct_orders") == [(2,)]


def test_build_before_is_kept_for_its_readers_once(connection: SessionConnection) -> None:
    """The previous build is kept for running queries, older ones are dropped.

    Databases of others whose names begin alike are not dropped.
    """
    connection.execute("create database marts_2024")
    for day in (1, 2, 3):
        _build(connection, day)
        publish_on_spark(connection, f"2026010{day}T000000Z", DESCRIPTIONS, keep_before=True)
    kept = [row[0] for row in connection.execute("show databases like 'marts_2*'")]
    assert kept == ["marts_2024", "marts_20260102t000000z", "marts_20260103t000000z"]
    _build(connection, 4)
    publish_on_spark(connection, "20260104T000000Z", DESCRIPTIONS, keep_before=False)
    kept = [row[0] for row in connection.execute("show databases like 'marts_2*'")]
    assert kept == ["marts_2024", "marts_20260104t000000z"], "after an erasure nothing of the build before may stay"


def test_columns_and_marts_may_come_and_go(connection: SessionConnection) -> None:
    """Columns and marts may be added or removed from build to build."""
    _build(connection, 1)
    publish_on_spark(connection, "20260101T000000Z", DESCRIPTIONS, keep_before=True)
    _build(connection, 2, column="total")
    publish_on_spark(connection, "20260102T000000Z", {"fct_orders": DESCRIPTIONS["fct_orders"]}, keep_before=True)
    assert connection.execute("select distinct total from marts.fct_orders") == [(2,)]
    assert views_in(connection, "marts") == {POINTER, "fct_orders"}


def test_temporary_views_of_the_session_are_no_marts(connection: SessionConnection) -> None:
    """Temporary views, which Spark lists with every database, do not disturb publishing."""
    connection.execute("create or replace temporary view stray as select 1 as id")
    connection.execute("create or replace temporary view fct_orders as select 1 as id")
    for day in (1, 2):
        _build(connection, day)
        publish_on_spark(connection, f"2026010{day}T000000Z", DESCRIPTIONS, keep_before=True)
    assert connection.execute("select distinct amount from marts.fct_orders") == [(2,)]
    connection.execute("drop view stray")
    connection.execute("drop view fct_orders")


def test_descriptions_are_comments(connection: SessionConnection) -> None:
    """Descriptions become comments of tables and columns, also with an apostrophe in them."""
    _build(connection, 1)
    publish_on_spark(connection, "20260101T000000Z", DESCRIPTIONS, keep_before=True)
    described = connection.execute("describe table extended marts.fct_orders")
    assert ("amount", "int", "What it's worth.") in described
    assert ("Comment", "One row an order; the shop's own.", "") in described


def test_reader_meets_no_mixture(connection: SessionConnection, spark: SparkSession) -> None:
    """Invariant 8: a query over several marts reads all of them from one build."""
    _build(connection, 1)
    publish_on_spark(connection, "20260101T000000Z", DESCRIPTIONS, keep_before=True)
    done = threading.Event()
    seen: list[tuple[int, int, int]] = []
    failures: list[Exception] = []

    def read() -> None:
        query = (
            "select min(amount), max(amount), min(build) from marts.fct_orders cross join marts.build_info"
            " having count(*) > 0"
        )
        while not done.is_set():
            try:
                seen.extend(tuple(row) for row in spark.sql(query).collect())
            except Exception as error:  # whatever a reader meets is a finding
                failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for day in (2, 3, 4):
            _build(connection, day)
            publish_on_spark(connection, f"2026010{day}T000000Z", DESCRIPTIONS, keep_before=True)
    finally:
        done.set()
        reader.join()
    assert failures == []
    assert seen
    assert [row for row in seen if len(set(row)) != 1] == []
