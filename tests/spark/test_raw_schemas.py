"""Tables of an EL tool in Spark's catalog land like files; whole builds on them are in tests/soak."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport, landed_digest
from customer_journey.privacy import erasure
from customer_journey.spark.connection import SessionConnection
from customer_journey.spark.raw_schemas import land_from_catalog
from customer_journey.warehouse import open_warehouse
from pyspark.sql import SparkSession

from tests.support.builds import run_build_with, write_required_tables, write_rows
from tests.support.el_tool import run_in_catalog, write_typed
from tests.support.erasure import REQUEST, traces_under, write_hoa

DATABASES = ("hubspot", "segment", "shop", "raw_survey")
SCHEMAS = {"crm": "HubSpot", "web": "segment", "orders": "shop", "feedback": "raw_survey"}
TABLES = """
    create table hubspot.contacts using parquet partitioned by (country) as select * from values
        (101, 'Mai@Example.com', false, timestamp '2026-01-01 00:00:00.25+07', named_struct('a', 1), 'VN'),
        (102, null, null, timestamp '2026-01-02 10:00:00', null, 'FR')
        as rows(contact_id, email, is_internal, created_at, _meta, country);
    create view segment.events as select 'e1' as event_id, 'c1' as anonymous_id,
        timestamp_ntz '2026-01-03 08:00:00' as occurred_at, 'page_view' as event_name, null as utm_source,
        1500 as engagement_ms;
    create table shop.orders using orc as select * from values
        ('o1', 101L, date '2026-01-03', 'paid', cast(100.10 as decimal(12, 2)), 0.1d, true),
        ('o2', null, date '2026-02-03', 'paid', cast(20 as decimal(12, 2)), null, false)
        as rows(order_id, contact_id, ordered_at, status, total_amount, tax_amount, is_test);
    create table shop.order_items using parquet as
        select 'o1' as order_id, 1 as line_number, 5.0d as product_id, cast(2 as tinyint) as quantity,
            cast(1.5 as float) as unit_price;
    create table shop.refunds (refund_id string, refunded_at timestamp, amount double) using parquet;
    create table raw_survey.survey_responses using parquet as select 'r1' as response_id, 'mai@example.com' as email,
        'nps' as survey_type, 9 as score, timestamp '2026-03-01 08:00:00.123456' as responded_at;
"""


@pytest.fixture
def catalog(spark: SparkSession, tmp_path: Path) -> Iterator[SessionConnection]:
    """The session's catalog with tables of four EL tools, in different formats, types and columns, and a view."""
    connection = SessionConnection(spark, tmp_path)
    for database in DATABASES:
        connection.execute(f"drop database if exists {database} cascade")
        connection.execute(f"create database {database}")
    _run(connection, TABLES)
    yield connection
    for database in DATABASES:
        connection.execute(f"drop database {database} cascade")
    connection.execute("drop view if exists companies")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of a new output folder."""
    (tmp_path / "out").mkdir()
    with open_warehouse(tmp_path / "out" / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        yield connection


def _run(catalog: SessionConnection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            catalog.execute(statement)


def _land(
    warehouse: duckdb.DuckDBPyConnection, catalog: SessionConnection, tmp_path: Path, **schemas: str
) -> LandingReport:
    try:
        return land_from_catalog(
            warehouse, catalog, tmp_path / "out" / "exports", schemas or SCHEMAS, lambda table, share: None
        )
    finally:
        assert not (tmp_path / "out" / "exports").exists()


def test_values_land_as_those_of_a_file(
    warehouse: duckdb.DuckDBPyConnection, catalog: SessionConnection, tmp_path: Path
) -> None:
    """Values of every type land as the same text as from a file."""
    catalog.execute("create or replace temporary view companies as select 1 as company_id")

    report = _land(warehouse, catalog, tmp_path)

    contacts = "select contact_id, email, is_internal, created_at, country from raw_crm.contacts order by 1"
    assert warehouse.execute(contacts).fetchall() == [
        ("101", "Mai@Example.com", "false", "2025-12-31 17:00:00.25+00", "VN"),
        ("102", None, None, "2026-01-02 10:00:00+00", "FR"),
    ]
    events = "select event_id, occurred_at, utm_source, engagement_ms from raw_web.events"
    assert warehouse.execute(events).fetchall() == [("e1", "2026-01-03 08:00:00", None, "1500")]
    orders = (
        "select order_id, contact_id, ordered_at, total_amount, tax_amount, is_test from raw_orders.orders order by 1"
    )
    assert warehouse.execute(orders).fetchall() == [
        ("o1", "101", "2026-01-03", "100.1", "0.1", "true"),
        ("o2", None, "2026-02-03", "20", None, "false"),
    ]
    items = "select line_number, product_id, quantity, unit_price from raw_orders.order_items"
    assert warehouse.execute(items).fetchall() == [("1", "5", "2", "1.5")]
    assert warehouse.execute("select count(*) from raw_orders.refunds").fetchone() == (0,)
    responded = "select responded_at from raw_feedback.survey_responses"
    assert warehouse.execute(responded).fetchall() == [("2026-03-01 08:00:00.123456+00",)]
    assert report.drift == ["crm/contacts: unknown column _meta (hubspot.contacts), not read"]
    assert "crm/companies" in report.absent_tables, "a temporary view is no table of a database"
    assert (report.files_read, report.files_known) == (6, 0)


def test_what_is_exported_replaces_what_was_landed_before(
    warehouse: duckdb.DuckDBPyConnection, catalog: SessionConnection, tmp_path: Path
) -> None:
    """An export replaces the rows of the export before, and keeps rows that the source no longer has."""
    _land(warehouse, catalog, tmp_path)
    _run(
        catalog,
        "insert into shop.orders values ('o3', 7, date '2026-03-03', 'paid', 1, null, false);"
        "drop table raw_survey.survey_responses",
    )

    report = _land(warehouse, catalog, tmp_path)

    assert (report.files_read, report.files_known) == (1, 4)
    orders = "select order_id from raw_orders.orders order by 1"
    assert warehouse.execute(orders).fetchall() == [("o1",), ("o2",), ("o3",)]
    assert "feedback/survey_responses" in report.absent_tables
    assert warehouse.execute("select count(*) from raw_feedback.survey_responses").fetchone() == (1,)


def test_erased_rows_that_the_table_still_holds(
    warehouse: duckdb.DuckDBPyConnection, catalog: SessionConnection, tmp_path: Path
) -> None:
    """If the EL tool's table still holds an erased person, the build says so; rows that it exports again are erased."""
    report = _land(warehouse, catalog, tmp_path)
    # what erasure does; it knows the origin of rows only from the landed layer
    warehouse.execute("insert into private.suppression_list (identifier_hash) values ('a hash')")
    warehouse.execute("delete from raw_crm.contacts where contact_id = '101'")
    warehouse.execute(
        "insert into private.erased_rows select file_id, source_table, 1 from private.landed_files"
        " where path = 'catalog:hubspot.contacts'"
    )
    warehouse.execute("insert into private.last_erasure values (?)", [landed_digest(warehouse)])
    assert erasure.left_at_their_origin(warehouse, report.exported) == [("hubspot.contacts", 1)]

    report = _land(warehouse, catalog, tmp_path)
    assert warehouse.execute("select contact_id from raw_crm.contacts").fetchall() == [("102",)]
    assert not erasure.is_due(warehouse)
    assert erasure.left_at_their_origin(warehouse, report.exported) == [("hubspot.contacts", 1)]

    catalog.execute(
        "insert into hubspot.contacts values (103, 'nam@example.com', false, timestamp '2026-01-02', null, 'VN')"
    )
    report = _land(warehouse, catalog, tmp_path)
    assert warehouse.execute("select count(*) from raw_crm.contacts").fetchone() == (3,)
    assert erasure.is_due(warehouse), "the rows came again, and are to be erased again before a model is built"
    assert erasure.left_at_their_origin(warehouse, report.exported) == []


REFUSED = {
    "database that is not there": (
        "",
        {"orders": "shopify"},
        "--raw-schemas orders=shopify: there is no database shopify",
    ),
    "table that is not there": (
        "drop table shop.orders",
        {},
        "required table orders/orders is missing: there is no shop.orders",
    ),
    "no main source named": (
        "",
        {"crm": "", "web": "", "orders": ""},
        "none of the tables crm/contacts, orders/orders, web/events is there",
    ),
    "unknown source": ("", {"crn": "hubspot"}, "--raw-schemas: there is no source crn"),
    "database of the build": ("", {"orders": "marts_building"}, "the schema marts_building belongs to the build"),
    "missing required column": (
        "drop table shop.orders; create table shop.orders using parquet as select 'o1' as order_id",
        {},
        "shop.orders: table orders/orders lacks the required column ordered_at",
    ),
    "view of what is gone": (
        "create table shop.base using parquet as select 'e1' as event_id, 'c1' as anonymous_id, 'x' as occurred_at,"
        " 'page_view' as event_name; drop view segment.events; create view segment.events as select * from shop.base;"
        " drop table shop.base",
        {},
        "segment.events: cannot be read. Spark: [TABLE_OR_VIEW_NOT_FOUND] The table or view `shop`.`base`",
    ),
}


@pytest.mark.parametrize(("change", "schemas", "told"), REFUSED.values(), ids=REFUSED)
def test_unusable_schemas_are_told_in_one_line(
    change: str,
    schemas: dict[str, str],
    told: str,
    warehouse: duckdb.DuckDBPyConnection,
    catalog: SessionConnection,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A wrong schema name is refused in one line, and nothing is landed."""
    _run(catalog, change)
    named = {source: schema for source, schema in {**SCHEMAS, **schemas}.items() if schema}

    with pytest.raises(InputError) as raised:
        _land(warehouse, catalog, tmp_path, **named)

    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")
    assert warehouse.execute("select 1 from duckdb_tables() where schema_name like 'raw%'").fetchall() == []


def test_a_folder_has_files_or_schemas(
    warehouse: duckdb.DuckDBPyConnection, catalog: SessionConnection, tmp_path: Path
) -> None:
    """A folder built from files is refused for schemas and vice versa, since old rows would stay for ever."""
    write_required_tables(tmp_path / "raw")
    with open_warehouse(tmp_path / "of_files.duckdb") as of_files:
        erasure.prepare(of_files)
        land(of_files, tmp_path / "raw", lambda table, share: None)
        with pytest.raises(InputError, match="holds rows landed from files"):
            _land(of_files, catalog, tmp_path)
    _land(warehouse, catalog, tmp_path)
    with pytest.raises(InputError, match="was built with --raw-schemas"):
        land(warehouse, tmp_path / "raw", lambda table, share: None)


def test_erased_rows_in_the_output_folder_stop_the_build(small: Path, tmp_path: Path) -> None:
    """Invariant 9: if an EL tool keeps tables under OUT that hold an erased person, the build stops."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_hoa(raw, "hoa")
    write_required_tables(raw)
    write_rows(raw, "privacy/erasure_requests", [REQUEST])
    out.mkdir()
    run_in_catalog(out, write_typed(raw, out / "el tool"))

    schemas = "crm=el_crm,orders=el_orders,privacy=el_privacy,web=el_web"
    done = run_build_with(out, "--target", "spark", "--raw-schemas", schemas, project=small)

    assert (done.returncode, done.stderr) == (
        2,
        "error: erasure: el_crm.contacts, el_orders.order_items, el_orders.orders, el_orders.refunds,"
        " el_privacy.erasure_requests, el_web.events, el_web.identities in"
        f" {out} hold rows of persons who asked to be erased. The EL tool owns these tables, so the build may not"
        " delete them. Delete the rows there, and build again. Nothing was published.\n",
    )
    assert {file.split("/")[0] for file in traces_under(out)} == {"el tool"}
