"""`--raw-schemas`: raw tables that an EL tool keeps in the warehouse give the same marts as files."""

import shutil
from pathlib import Path

import duckdb
import pytest
from customer_journey.comparison.compare import compare
from customer_journey.errors import ExitCode
from customer_journey.warehouse import open_warehouse

from tests.support.builds import publish, run_build, run_build_with, write_rows
from tests.support.dbt import must_pass, run_dbt
from tests.support.erasure import traces_under

AS_OF = ["--as-of", "2026-06-30T00:00:00Z"]
SCHEMAS = ["--raw-schemas", "crm=hubspot,web=segment_prod,orders=shop,feedback=survey"]

# the tables of four EL tools: with other types, another order of columns and unknown columns; some tables are missing
TABLES = """
    create schema hubspot;
    create table hubspot.contacts as select * from (values
        (101, 'Mai@Example.com', '+84912000111', false, timestamptz '2026-01-01 00:00:00+07', '{"a": 1}'::json),
        (102, 'nam@example.com', null, null, timestamptz '2026-01-02 10:00:00.250+00', null)
    ) as rows(contact_id, email, phone, is_internal, created_at, _airbyte_meta);
    create table hubspot._airbyte_state as select 1 as cursor;

    create schema segment_prod;
    create table segment_prod.events as select * from (values
        (timestamp '2026-01-03 08:00:00', 'e1', 'c1', 'page_view', 1500::integer, 'google', 'cpc'),
        (timestamp '2026-01-03 08:01:00', 'e2', 'c1', 'page_view', null, null, null),
        (timestamp '2026-01-05 08:01:00', 'e3', 'c2', 'page_view', null, null, null)
    ) as rows(occurred_at, event_id, anonymous_id, event_name, engagement_ms, utm_source, utm_medium);
    create view segment_prod.identities as
        select 'c1' as anonymous_id, 'email'::varchar as identifier_type, 'mai@example.com' as identifier_value,
            timestamptz '2026-01-03 08:01:00+00' as identified_at;

    create schema shop;
    create table shop.orders as select * from (values
        ('o1', 101::bigint, timestamptz '2026-01-03 15:02:00+07', 'paid', 100.10::decimal(12, 2), 0.1::double, true),
        ('o2', 101::bigint, timestamptz '2026-02-03 15:02:00+07', 'paid', 20::decimal(12, 2), null, false),
        ('o2', 101::bigint, timestamptz '2026-02-03 15:02:00+07', 'paid', 20::decimal(12, 2), null, false),
        ('o3', 102::bigint, timestamptz '2026-03-03 15:02:00+07', 'no such status', 7::decimal(12, 2), null, false),
        ('o4', null, timestamptz '2026-03-04 15:02:00+07', 'completed', 8.5::decimal(12, 2), null, false)
    ) as rows(order_id, contact_id, ordered_at, status, total_amount, tax_amount, is_test);
    create table shop.orders_backup as from shop.orders;

    create schema survey;
    create table survey.survey_responses as
        select 'r1' as response_id, 'NAM@example.com ' as email, 'nps' as survey_type, 9::tinyint as score,
            timestamp_ns '2026-03-01 08:00:00.123456789' as responded_at;
"""
# The same rows as an export would write them.
FILES = {
    "crm/contacts": [
        {"contact_id": "101", "email": "Mai@Example.com", "phone": "+84912000111", "is_internal": "False"}
        | {"created_at": "2025-12-31 17:00:00"},
        {"contact_id": "102", "email": "nam@example.com", "created_at": "2026-01-02T10:00:00.25Z"},
    ],
    "web/events": [
        {"event_id": "e1", "anonymous_id": "c1", "event_name": "page_view", "engagement_ms": "1500"}
        | {"occurred_at": "2026-01-03T08:00:00Z", "utm_source": "google", "utm_medium": "cpc"},
        {"event_id": "e2", "anonymous_id": "c1", "event_name": "page_view", "occurred_at": "2026-01-03 08:01:00"},
        {"event_id": "e3", "anonymous_id": "c2", "event_name": "page_view", "occurred_at": "2026-01-05 08:01:00"},
    ],
    "web/identities": [
        {"anonymous_id": "c1", "identifier_type": "email", "identifier_value": "mai@example.com"}
        | {"identified_at": "2026-01-03T15:01:00+07:00"},
    ],
    "orders/orders": [
        {"order_id": "o1", "contact_id": "101", "ordered_at": "2026-01-03T08:02:00Z", "status": "paid"}
        | {"total_amount": "100.1", "tax_amount": "0.10", "is_test": "true"},
        {"order_id": "o2", "contact_id": "101", "ordered_at": "2026-02-03T08:02:00Z", "status": "paid"}
        | {"total_amount": "20.00", "is_test": "false"},
        {"order_id": "o2", "contact_id": "101", "ordered_at": "2026-02-03T08:02:00Z", "status": "paid"}
        | {"total_amount": "20", "is_test": "false"},
        {"order_id": "o3", "contact_id": "102", "ordered_at": "2026-03-03T08:02:00Z", "status": "no such status"}
        | {"total_amount": "7", "is_test": "false"},
        {"order_id": "o4", "ordered_at": "2026-03-04T08:02:00Z", "status": "completed", "total_amount": "8.50"}
        | {"is_test": "false"},
    ],
    "feedback/survey_responses": [
        {"response_id": "r1", "email": "NAM@example.com ", "survey_type": "nps", "score": "9"}
        | {"responded_at": "2026-03-01 08:00:00.123456"},
    ],
}


def _build_on_schemas(project: Path, out: Path, *options: str) -> tuple[int, str]:
    """Build on the schemas in the folder's warehouse; return the exit code and the error message."""
    done = run_build_with(out, *(options or [*SCHEMAS, *AS_OF]), project=project)
    return done.returncode, done.stderr


def _change(out: Path, sql: str) -> None:
    with open_warehouse(out / "warehouse.duckdb") as connection:
        connection.execute(sql)


@pytest.fixture(scope="module")
def schemas_out(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a build on the schemas of EL tools."""
    out = tmp_path_factory.mktemp("schemas")
    _change(out, TABLES)
    assert _build_on_schemas(small, out) == (ExitCode.PUBLISHED, "")
    return out


@pytest.fixture
def copied_out(schemas_out: Path, tmp_path: Path) -> Path:
    """A copy of the same folder, which a test may change."""
    return Path(shutil.copytree(schemas_out, tmp_path / "out"))


@pytest.fixture(scope="module")
def files_out(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a build on the same rows as files."""
    root = tmp_path_factory.mktemp("files")
    for label, rows in FILES.items():
        write_rows(root / "raw", label, rows)
    publish(root / "raw", root / "out", *AS_OF, project=small)
    return root / "out"


def test_tables_in_schemas_give_the_marts_of_the_same_files(schemas_out: Path, files_out: Path) -> None:
    """The marts are the same from schemas and from files, although the column types differ."""
    assert compare(schemas_out / "journey.duckdb", files_out / "journey.duckdb")[1] == []
    # and the marts are not empty
    with duckdb.connect(str(schemas_out / "journey.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select rows_in, accepted, duplicates_exact, quarantined from marts.audit_reconciliation"
            " where source_table = 'orders.orders'"
        ).fetchall()
        revenue = connection.execute("select cast(sum(net_revenue) as double) from marts.audit_revenue").fetchone()
    assert rows == [(5, 3, 1, 1)]
    assert revenue == (28.5,)


def test_tables_of_the_el_tool_stay_as_they_are(schemas_out: Path) -> None:
    """A build does not change the tables of the EL tool."""
    with duckdb.connect() as fresh:
        fresh.execute(TABLES)
        with duckdb.connect(str(schemas_out / "warehouse.duckdb"), read_only=True) as built:
            for schema in ("hubspot", "segment_prod", "shop", "survey"):
                listed = (
                    "select table_name, column_name, data_type from information_schema.columns"
                    f" where table_schema = '{schema}' order by table_name, ordinal_position"
                )
                assert built.execute(listed).fetchall() == fresh.execute(listed).fetchall()
            orders = "from shop.orders order by all"
            assert built.execute(orders).fetchall() == fresh.execute(orders).fetchall()


def test_optional_table_may_vanish(copied_out: Path, small: Path) -> None:
    """An optional table may be dropped at its source: it then is empty."""
    _change(
        copied_out, "drop view segment_prod.identities; alter table survey.survey_responses rename to old_responses"
    )

    assert _build_on_schemas(small, copied_out) == (ExitCode.PUBLISHED, "")

    with duckdb.connect(str(copied_out / "journey.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select source_table from marts.audit_reconciliation where rows_in > 0 order by 1"
        ).fetchall()
    assert rows == [("crm.contacts",), ("orders.orders",), ("web.events",)]


def test_optional_table_may_appear(copied_out: Path, small: Path) -> None:
    """An optional table may appear later, such as with the first refund."""
    _change(
        copied_out,
        "create table shop.refunds as"
        " select 'f1' as refund_id, 'o2' as order_id, 5 as amount, timestamp '2026-03-01' as refunded_at",
    )

    assert _build_on_schemas(small, copied_out) == (ExitCode.PUBLISHED, "")

    with duckdb.connect(str(copied_out / "journey.duckdb"), read_only=True) as connection:
        revenue = connection.execute("select cast(sum(net_revenue) as double) from marts.audit_revenue").fetchone()
    assert revenue == (23.5,)


def test_erasure_request_in_a_schema_is_heard(copied_out: Path, small: Path) -> None:
    """Erasure requests in a schema are followed."""
    _change(
        copied_out,
        # tables that dbt creates if the source is missing must not disturb this test
        "drop table if exists raw_privacy.erasure_requests; create schema desk;"
        " create table desk.erasure_requests as select 1 as request_id, 'email' as identifier_type,"
        " 'Nam@Example.com' as identifier_value, timestamp '2026-06-01 08:00:00' as requested_at",
    )
    answers = "select accepted from marts.audit_reconciliation where source_table = 'feedback.survey_responses'"
    with duckdb.connect(str(copied_out / "journey.duckdb"), read_only=True) as connection:
        assert connection.execute(answers).fetchone() == (1,)

    code, error = _build_on_schemas(small, copied_out, SCHEMAS[0], f"{SCHEMAS[1]},privacy=desk", *AS_OF)

    # either erased, or refused in one line that says who has to erase; never ignored
    if code == ExitCode.PUBLISHED:
        with duckdb.connect(str(copied_out / "journey.duckdb"), read_only=True) as connection:
            assert connection.execute(answers).fetchone() == (0,)
    else:
        assert code == ExitCode.UNUSABLE_INPUT
        assert len(error.strip().splitlines()) == 1
        assert "erasure" in error


# Hoa bought, and asked to be erased.
HOA = """
    insert into hubspot.contacts values (103, 'Hoa.Erased@example.com', '+84987654321', false, '2026-01-02', null);
    insert into shop.orders values ('order-hoa', 103, '2026-01-03', 'paid', 5, null, false);
"""
HOA_ASKS = (
    HOA
    + """
    create table shop.order_items as select * from (values ('order-hoa', 1, 'p', 1, 5), ('o1', 1, 'p', 1, 100))
        as rows(order_id, line_number, product_id, quantity, unit_price);
    create unique index one_line on shop.order_items(order_id, line_number);
    create schema desk;
    create table desk.erasure_requests(request_id integer primary key, identifier_type varchar,
        identifier_value varchar, requested_at timestamp);
    insert into desk.erasure_requests values (1, 'email', 'hoa.erased@EXAMPLE.com', '2026-06-01');
"""
)
WITH_DESK = [SCHEMAS[0], f"{SCHEMAS[1]},privacy=desk", *AS_OF]


def _rows(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_nothing_is_left_of_a_person_erased_from_schemas(copied_out: Path, small: Path) -> None:
    """An erased person is deleted from the EL tool's tables too, since they lie under OUT; other rows stay."""
    warehouse, published = copied_out / "warehouse.duckdb", copied_out / "journey.duckdb"
    others = "from shop.orders where order_id <> 'order-hoa' order by all"
    before = _rows(warehouse, others)
    objects = (
        "select schema_name, table_name, column_count, has_primary_key, index_count from duckdb_tables()"
        " where schema_name in ('hubspot', 'segment_prod', 'shop', 'survey', 'desk') union all"
        " select schema_name, view_name, column_count, null, null from duckdb_views()"
        " where schema_name = 'segment_prod'"
        " order by all"
    )
    _change(copied_out, HOA_ASKS)
    kept = _rows(warehouse, objects)
    assert traces_under(copied_out), "the test would not see a trace if there was one"

    assert _build_on_schemas(small, copied_out, *WITH_DESK) == (ExitCode.PUBLISHED, "")

    assert traces_under(copied_out) == {}
    assert _rows(warehouse, "from shop.orders order by all") == before
    assert _rows(warehouse, "select order_id from shop.order_items") == [("o1",)]
    assert _rows(warehouse, objects) == kept
    erased = "select source_table, rows_in, erased from marts.audit_reconciliation where erased > 0 order by all"
    assert _rows(published, erased) == [
        ("crm.contacts", 3, 1),
        ("orders.order_items", 2, 1),
        ("orders.orders", 6, 1),
        ("privacy.erasure_requests", 1, 1),
    ]

    # the EL tool exports again, without the erasure request
    _change(copied_out, HOA)
    assert _build_on_schemas(small, copied_out, *WITH_DESK) == (ExitCode.PUBLISHED, "")
    assert traces_under(copied_out) == {}
    assert _rows(warehouse, "from shop.orders order by all") == before
    assert _rows(published, erased) == [("crm.contacts", 3, 1), ("orders.orders", 6, 1)]


def test_rows_behind_a_view_are_erased_by_hand(copied_out: Path, small: Path) -> None:
    """Rows behind a view cannot be deleted: the build says so and keeps the request open."""
    _change(
        copied_out,
        HOA_ASKS + "create schema base; create table base.items as from shop.order_items; drop table shop.order_items;"
        " create view shop.order_items as from base.items",
    )
    warehouse = copied_out / "warehouse.duckdb"
    before = (copied_out / "journey.duckdb").read_bytes()
    for deleted_by_hand in ("", "delete from shop.orders where order_id = 'order-hoa'"):
        _change(copied_out, deleted_by_hand)
        orders = _rows(warehouse, "from shop.orders order by all")

        code, error = _build_on_schemas(small, copied_out, *WITH_DESK)

        assert code == ExitCode.UNUSABLE_INPUT
        assert len(error.strip().splitlines()) == 1
        assert error.startswith("error: erasure: shop.order_items: ")
        assert (copied_out / "journey.duckdb").read_bytes() == before
        assert _rows(warehouse, "from shop.orders order by all") == orders
        assert ("orders.order_items", "order-hoa") in _rows(warehouse, "from private.unfinished_erasure")

    _change(copied_out, "delete from base.items where order_id = 'order-hoa'")
    assert _build_on_schemas(small, copied_out, *WITH_DESK) == (ExitCode.PUBLISHED, "")
    assert traces_under(copied_out) == {}
    assert _rows(warehouse, "select order_id from shop.order_items") == [("o1",)]


def test_plain_dbt_build_reads_the_schemas_too(copied_out: Path, files_out: Path, small: Path, tmp_path: Path) -> None:
    """Plain `dbt build` reads the same schemas as the last build."""
    must_pass(run_dbt(copied_out / "warehouse.duckdb", tmp_path / "dbt", "build", project=small))
    assert compare(copied_out / "warehouse.duckdb", files_out / "journey.duckdb")[1] == []


def _assert_read_or_refused(out: Path, code: int, error: str, revenue: float) -> None:
    """The build read the new rows, or said in one line that this folder was built from the other kind of input."""
    if code == ExitCode.PUBLISHED:
        with duckdb.connect(str(out / "journey.duckdb"), read_only=True) as connection:
            row = connection.execute("select cast(sum(net_revenue) as double) from marts.audit_revenue").fetchone()
        assert row == (revenue,)
    else:
        assert len(error.strip().splitlines()) == 1, error
        assert code == ExitCode.UNUSABLE_INPUT
        assert "--out" in error


def test_folder_that_was_built_from_files_meets_schemas(files_out: Path, small: Path, tmp_path: Path) -> None:
    """A folder built from files and then from schemas reads the schemas, or says why not in one line."""
    out = Path(shutil.copytree(files_out, tmp_path / "out"))
    _change(out, TABLES + "update shop.orders set total_amount = 30 where order_id = 'o2'")

    code, error = _build_on_schemas(small, out)

    _assert_read_or_refused(out, code, error, 38.5)


def test_folder_that_was_built_from_schemas_meets_files(copied_out: Path, small: Path, tmp_path: Path) -> None:
    """A folder built from schemas and then from files reads the files, or says why not in one line."""
    raw = tmp_path / "raw"
    for label, rows in FILES.items():
        write_rows(raw, label, [row for row in rows if row.get("order_id") != "o2"])

    done = run_build(raw, copied_out, *AS_OF, project=small)

    _assert_read_or_refused(copied_out, done.returncode, done.stderr, 8.5)


REFUSED = {
    "missing required table": (
        "alter table shop.orders rename to sales",
        SCHEMAS,
        ["required table orders/orders is missing", "shop.orders"],
    ),
    "schema not named": ("", ["--raw-schemas", "crm=hubspot,web=segment_prod"], ["orders/orders is missing"]),
    "schema that is not there": (
        "",
        ["--raw-schemas", "crm=hubspot,web=segment_prod,orders=shopify"],
        ["required table orders/orders is missing", "shopify.orders"],
    ),
    "missing required column": (
        "alter table shop.orders drop column status",
        SCHEMAS,
        ["shop.orders", "orders/orders lacks the required column status"],
    ),
    "no column of a group": (
        "alter table survey.survey_responses drop column email",
        SCHEMAS,
        ["survey.survey_responses", "lacks the columns email and contact_id"],
    ),
    "unknown source": ("", ["--raw-schemas", "crn=hubspot,web=segment_prod,orders=shop"], ["there is no source crn"]),
    "schema of the build": (
        "",
        ["--raw-schemas", "crm=hubspot,web=segment_prod,orders=staging"],
        ["orders=staging", "belongs to the build"],
    ),
    "no pair": ("", ["--raw-schemas", "crm"], ["Write source=schema pairs"]),
}


@pytest.mark.parametrize(("change", "options", "words"), REFUSED.values(), ids=REFUSED)
def test_unusable_schemas_are_told_in_one_line(
    change: str, options: list[str], words: list[str], copied_out: Path, small: Path
) -> None:
    """A wrong schema name is refused in one line, and not read as a company without rows."""
    if change:
        _change(copied_out, change)
    before = (copied_out / "journey.duckdb").read_bytes()

    code, error = _build_on_schemas(small, copied_out, *options, *AS_OF)

    lines = error.strip().splitlines()
    assert len(lines) == 1, error
    assert code == ExitCode.UNUSABLE_INPUT
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]
    assert (copied_out / "journey.duckdb").read_bytes() == before
