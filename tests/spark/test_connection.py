"""Statements to Spark: their results, and leftovers of other builds."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from customer_journey.landing.land import land
from customer_journey.paths import Output
from customer_journey.privacy import erasure
from customer_journey.spark.connection import (
    BUILDING,
    SessionConnection,
    StatementError,
    describe,
    remove_unfinished,
    tables_in,
)
from customer_journey.spark.landed import share_landed
from customer_journey.warehouse import open_warehouse
from pyspark.sql import SparkSession

from tests.support.builds import write_required_tables


@pytest.fixture
def connection(spark: SparkSession, tmp_path: Path) -> Iterator[SessionConnection]:
    """The session, with an empty database for the build."""
    connection = SessionConnection(spark, tmp_path)
    connection.execute(f"drop database if exists {BUILDING} cascade")
    connection.execute(f"create database {BUILDING}")
    yield connection
    connection.execute(f"drop database {BUILDING} cascade")


def test_what_a_killed_build_had_begun_is_in_nobodys_way(connection: SessionConnection) -> None:
    """Files of a killed build do not block the next one, although Spark creates no table where files exist."""
    warehouse = Path(unquote(dict(connection.execute("set spark.sql.warehouse.dir"))["spark.sql.warehouse.dir"]))
    warehouse = Path(str(warehouse).removeprefix("file:"))
    connection.execute(f"create table {BUILDING}.whole as select 1 as id")
    connection.execute("create database if not exists shop")
    begun = [
        warehouse / f"{BUILDING}.db" / "begun",
        warehouse / "staging.db" / "begun",
        warehouse / "shop.db" / "begun",
    ]
    for folder in begun:
        (folder / "_temporary").mkdir(parents=True)
        (folder / "_temporary" / "part-0.parquet").write_bytes(b"half a row")
    with pytest.raises(StatementError, match="LOCATION_ALREADY_EXISTS"):
        connection.execute(f"create table {BUILDING}.begun as select 2 as id")

    remove_unfinished(connection, warehouse)

    connection.execute(f"create table {BUILDING}.begun as select 2 as id")
    assert connection.execute(f"select id from {BUILDING}.whole") == [(1,)]
    assert [folder.exists() for folder in begun] == [True, False, True], "others' databases are not the build's"
    connection.execute("drop database shop cascade")


def test_raw_tables_that_were_not_landed_here_are_forgotten(connection: SessionConnection, tmp_path: Path) -> None:
    """A new output folder does not use raw tables that another folder left in the catalog."""
    output = Output(tmp_path)
    with open_warehouse(output.warehouse) as warehouse:
        erasure.prepare(warehouse)
        write_required_tables(tmp_path / "raw")
        land(warehouse, tmp_path / "raw", lambda table, share: None)
    for database in ("raw_crm", "raw_data"):
        connection.execute(f"drop database if exists {database} cascade")
        connection.execute(f"create database {database}")
        connection.execute(f"create table {database}.deals as select 'd1' as deal_id")

    share_landed(output, connection, lambda table, share: None)

    tables = {database: tables_in(connection, database) for database in ("raw_crm", "raw_data")}
    assert tables == {"raw_crm": {"contacts"}, "raw_data": {"deals"}}
    for database in ("raw_crm", "raw_data", "raw_web", "raw_orders", "private"):
        connection.execute(f"drop database {database} cascade")


def test_partitions_are_told_apart_from_columns(connection: SessionConnection) -> None:
    """Columns of partitioned marts are listed once, although Spark repeats partition columns with headings."""
    connection.execute(
        f"create table {BUILDING}.parted using parquet partitioned by (day, kind)"
        " as select 1 as id, 'a' as kind, date '2026-01-01' as day"
    )
    columns = [("id", "int"), ("day", "date"), ("kind", "string")]
    assert describe(connection, f"{BUILDING}.parted") == (columns, ["day", "kind"])
    connection.execute(f"create view {BUILDING}.plain as select id, kind from {BUILDING}.parted")
    assert describe(connection, f"{BUILDING}.plain") == ([("id", "int"), ("kind", "string")], [])


def test_a_refusal_is_one_line(connection: SessionConnection, capfd: pytest.CaptureFixture[str]) -> None:
    """An error of Spark is reported in one line, without a Java trace that may quote row values."""
    with pytest.raises(StatementError) as raised:
        connection.execute(f"select *\nfrom {BUILDING}.nothing")
    assert str(raised.value).startswith(
        "Spark: [TABLE_OR_VIEW_NOT_FOUND] The table or view `marts_building`.`nothing` cannot be found."
    )
    assert str(raised.value).endswith("(statement: select * from marts_building.nothing …)")
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")
