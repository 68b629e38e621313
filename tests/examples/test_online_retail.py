"""The mapping of examples/online_retail, on lines worked out by hand and, if present, on the real file."""

import os
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from examples.online_retail.prepare import Account, UnusableFile, main, prepare

ROOT = Path(__file__).resolve().parents[2]
FILE_VARIABLE = "ONLINE_RETAIL_FILE"
FILE_BESIDE_THE_CHECKOUT = ROOT.parent / "shared/data/online_retail/online_retail_2009_2010.parquet"

# Invoice, StockCode, Description, Quantity, InvoiceDate, Price, Customer ID, Country
LINES = """
    ('500001', '10001',   'RED MUG ',         2, '2010-02-01 10:00:00', 1.25,     13000.0, 'United Kingdom'),
    ('500001', '10001',   'RED MUG ',         2, '2010-02-01 10:00:00', 1.25,     13000.0, 'United Kingdom'),
    ('500002', '10002a',  'BLUE MUG',         3, '2010-07-01 00:30:00', 2.00,     13001.0, 'EIRE'),
    ('500001', 'POST',    'POSTAGE',          1, '2010-02-01 10:01:00', 0.001,    13000.0, 'United Kingdom'),
    ('500002', '10002A ', 'MUG, BLUE',        1, '2010-07-01 00:30:00', 2.00,     13001.0, 'EIRE'),
    ('500003', '10001',   'damages',        -40, '2010-07-02 09:00:00', 0.0,      null,    'United Kingdom'),
    ('500004', '10003',   null,              10, '2010-07-02 09:30:00', 0.0,      null,    'United Kingdom'),
    ('500005', '10001',   'RED MUG',          1, '2010-07-03 09:00:00', 3.00,     null,    'Unspecified'),
    ('500005', '10002A',  'BLUE MUG',         1, '2010-07-03 09:00:00', 0.0,      null,    'Unspecified'),
    ('500006', 'TEST001', 'A test product',   5, '2010-07-04 09:00:00', 0.0,      13000.0, 'Spain'),
    ('C50007', '10001',   'RED MUG',         -1, '2010-07-05 09:00:00', 1.25,     13000.0, 'Spain'),
    ('C50007', 'M',       'Manual',          -1, '2010-07-05 09:00:00', 0.555,    13000.0, 'Spain'),
    ('C50008', 'M',       'Manual',           1, '2010-07-06 09:00:00', 373.57,   null,    'United Kingdom'),
    ('A50009', 'B',       'Adjust bad debt',  1, '2010-07-07 09:00:00', -1000.50, null,    'United Kingdom')
"""


def write_lines(file: Path, lines: str = LINES) -> Path:
    """Write invoice lines to a Parquet file with the columns and types of the real one."""
    with duckdb.connect() as connection:
        connection.execute(
            'create table lines ("Invoice" varchar, "StockCode" varchar, "Description" varchar,'
            ' "Quantity" bigint, "InvoiceDate" varchar, "Price" double,'
            ' "Customer ID" double, "Country" varchar)'
        )
        connection.execute(f"insert into lines values {lines}")
        connection.execute("copy lines to ?", [str(file)])
    return file


def rows(file: Path) -> list[tuple[object, ...]]:
    """All rows of a raw table, in the order of the file."""
    with duckdb.connect() as connection:
        return connection.read_parquet(str(file)).fetchall()


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw tables of LINES."""
    folder = tmp_path_factory.mktemp("online_retail")
    prepare(write_lines(folder / "lines.parquet"), folder / "raw")
    return folder / "raw"


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    accounts = prepare(write_lines(tmp_path / "lines.parquet"), tmp_path / "raw")

    assert accounts == [
        Account("adjustment", 1, 1, Decimal("-1000.50")),
        # -1.25, -0.56 (0.555 rounded away from zero) and the charge of 373.57
        Account("cancellation", 2, 3, Decimal("371.76")),
        # 5.00 + 0.00, 8.00, 3.00, 0.00
        Account("sale", 4, 8, Decimal("16.00")),
        Account("stock_movement", 2, 2, Decimal("0.00")),
    ]


def test_an_invoice_is_an_order_in_london_time(raw: Path) -> None:
    orders = {row[0]: row[1:] for row in rows(raw / "orders/orders.parquet")}

    assert list(orders) == ["500001", "500002", "500003", "500004", "500005", "500006", "A50009"]
    # winter time; the second row of the same minute does not count, and a tenth of a penny is rounded to 0
    assert orders["500001"] == (
        "13000", "2010-02-01T10:00:00+00:00", "completed", "online_store", "GBP", Decimal("5.00"),
    )  # fmt: skip
    # Summer time: half past midnight in London is the last day of June in UTC.
    assert orders["500002"][1] == "2010-07-01T00:30:00+01:00"
    assert orders["500005"][0] is None
    assert orders["A50009"][-1] == Decimal("-1000.50")


def test_a_stock_movement_belongs_to_the_shop_itself(raw: Path) -> None:
    contact = {row[0]: row[1] for row in rows(raw / "orders/orders.parquet")}

    assert contact["500003"] == "stock"
    assert contact["500004"] == "stock"
    # A free item among paid ones, and an invoice of nothing to a known customer, are sales.
    assert contact["500005"] is None
    assert contact["500006"] == "13000"


def test_equal_lines_stay_two_lines_numbered_in_the_order_of_the_file(raw: Path) -> None:
    items = rows(raw / "orders/order_items.parquet")

    assert [row for row in items if row[0] == "500001"] == [
        ("500001", 1, "10001", 2, Decimal("1.250")),
        ("500001", 2, "10001", 2, Decimal("1.250")),
        ("500001", 3, "POST", 1, Decimal("0.001")),
    ]
    assert len(items) == 11
    assert not [row for row in items if str(row[0]).startswith("C")]


def test_a_cancellation_is_a_refund_without_an_order(raw: Path) -> None:
    assert rows(raw / "orders/refunds.parquet") == [
        ("C50007", "2010-07-05T09:00:00+01:00", Decimal("1.81")),
        ("C50008", "2010-07-06T09:00:00+01:00", Decimal("-373.57")),
    ]


def test_a_customer_is_a_contact_with_the_latest_country(raw: Path) -> None:
    assert rows(raw / "crm/contacts.parquet") == [
        ("13000", "Spain", False, "2010-02-01T10:00:00+00:00"),
        ("13001", "EIRE", False, "2010-07-01T00:30:00+01:00"),
        ("stock", None, True, "2010-07-02T09:00:00+01:00"),
    ]


def test_a_product_has_one_code_and_its_most_frequent_name(raw: Path) -> None:
    assert rows(raw / "orders/products.parquet") == [
        # the note "damages" is no product name
        ("10001", "RED MUG", "merchandise"),
        # one paid line each: the alphabetically first name
        ("10002A", "BLUE MUG", "merchandise"),
        # never described: its code
        ("10003", "10003", "merchandise"),
        ("B", "Adjust bad debt", "adjustment"),
        ("M", "Manual", "adjustment"),
        ("POST", "POSTAGE", "postage"),
        # never sold at a price, so no name
        ("TEST001", "TEST001", "test"),
    ]


def test_the_same_lines_give_the_same_bytes(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "lines.parquet")
    prepare(file, tmp_path / "one")
    prepare(file, tmp_path / "two")
    written = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())

    assert [str(path) for path in written] == [
        "crm/contacts.parquet",
        "orders/order_items.parquet",
        "orders/orders.parquet",
        "orders/products.parquet",
        "orders/refunds.parquet",
        "vars.yml",
        "web/events.csv",
    ]
    for path in written:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes(), path


def test_a_line_without_an_invoice_is_not_lost_silently(tmp_path: Path) -> None:
    lines = LINES + ", (null, '10001', 'RED MUG', 1, '2010-07-08 09:00:00', 1.0, null, 'Spain')"

    with pytest.raises(UnusableFile, match="15 lines in, 14 out: a line names no invoice"):
        prepare(write_lines(tmp_path / "lines.parquet", lines), tmp_path / "raw")


def test_an_unusable_file_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with duckdb.connect() as connection:
        connection.execute("copy (select 1 as other) to ?", [str(tmp_path / "other.parquet")])
    (tmp_path / "text.parquet").write_text("no parquet")

    for name, reason in [("none", "no such file"), ("other", "column Invoice"), ("text", "cannot be read")]:
        assert main(["--file", str(tmp_path / f"{name}.parquet"), "--raw", str(tmp_path / "raw")]) == 2
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1


@pytest.fixture(scope="module")
def real_file() -> Path:
    """The real file; without it the test is skipped with instructions to download it."""
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named)
    if not FILE_BESIDE_THE_CHECKOUT.is_file():
        pytest.skip(f"no file of Online Retail II here: set {FILE_VARIABLE} to its path")
    return FILE_BESIDE_THE_CHECKOUT


@pytest.fixture(scope="module")
def published(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of a build on the real file."""
    folder = tmp_path_factory.mktemp("online_retail_real")
    out = folder / "out"
    prepare(real_file, folder / "raw")
    subprocess.run(
        [ROOT / "scripts/build", "--raw", folder / "raw", "--out", out, "--as-of", "2011-01-01T00:00:00Z"],
        check=True,
        cwd=ROOT,
    )
    return out / "journey.duckdb"


def query(published: Path, sql: str) -> list[tuple[object, ...]]:
    """Rows of the published file."""
    with duckdb.connect(str(published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_real_every_raw_row_is_accepted_or_quarantined(published: Path) -> None:
    tables = query(
        published,
        "select source_table, rows_in, accepted, duplicates, quarantined, deferred, erased"
        " from marts.audit_reconciliation where rows_in > 0 order by source_table",
    )

    assert tables == [
        ("crm.contacts", 4_384, 4_384, 0, 0, 0, 0),
        ("orders.order_items", 515_255, 513_131, 0, 2_124, 0, 0),
        ("orders.orders", 24_224, 24_221, 0, 3, 0, 0),
        ("orders.products", 4_480, 4_480, 0, 0, 0, 0),
        ("orders.refunds", 4_592, 4_591, 0, 1, 0, 0),
    ]
    assert query(
        published,
        "select source_table, reason, count(*) from marts.audit_quarantine group by all order by all",
    ) == [
        # stock written off; found stock has a positive quantity
        ("orders.order_items", "negative_quantity", 2_121),
        # the adjustments, each of one line
        ("orders.order_items", "negative_unit_price", 3),
        ("orders.orders", "negative_total_amount", 3),
        # C496350, which charges
        ("orders.refunds", "negative_amount", 1),
    ]


def test_real_revenue_is_bridged_to_the_penny(published: Path) -> None:
    bridge = query(
        published,
        "select sum(net_revenue), sum(unlinked_refunds), sum(quarantined),"
        " sum(net_revenue + unlinked_refunds + quarantined) from marts.audit_revenue",
    )

    assert bridge == [
        (
            Decimal("10305892.01"),
            Decimal("-630228.94"),
            # the adjustments, and the charge of C496350
            Decimal("-136552.02") + Decimal("373.57"),
            Decimal("9539484.62"),
        )
    ]


def test_real_revenue_is_bridged_in_every_month(published: Path, real_file: Path) -> None:
    with duckdb.connect() as connection:
        lines = connection.execute(
            "select date_trunc('month', cast(InvoiceDate as timestamp))::date,"
            " sum(round(cast(Quantity as bigint) * cast(Price as decimal(18, 3)), 2))"
            " from read_parquet(?) group by 1 order by 1",
            [str(real_file)],
        ).fetchall()
    months = query(
        published,
        "select month_start, net_revenue + unlinked_refunds + quarantined"
        " from marts.audit_revenue order by month_start",
    )

    assert len(lines) == 13
    assert months == lines


def test_real_sales_alone_are_conversions(published: Path) -> None:
    assert query(
        published,
        "select count(*), sum(revenue) from marts.fct_conversions where conversion_type = 'order'",
    ) == [(20_953, Decimal("10305892.01"))]
    assert query(
        published,
        "select is_known, count(distinct person_id), count(*), sum(net_revenue) from marts.fct_orders"
        " inner join marts.dim_persons using (person_id) where is_conversion group by all order by all",
    ) == [
        (False, 1_738, 1_738, Decimal("1473888.75")),
        (True, 4_314, 19_215, Decimal("8832003.26")),
    ]
    assert query(published, "select count(*), sum(item_amount) from marts.fct_order_items") == [
        (513_131, Decimal("10305892.01"))
    ]
    # there are no web events, so no channel gets credit
    assert query(
        published,
        "select distinct channel, sum(attributed_revenue) over (partition by attribution_model, channel)"
        " from marts.fct_attribution inner join marts.fct_conversions using (conversion_id)"
        " where conversion_type = 'order'",
    ) == [("unattributed", Decimal("10305892.01"))]


def test_real_holdout_is_predicted(published: Path) -> None:
    """Predicted purchases of the last 26 weeks are close to what customers really bought.

    The real purchases are counted here from the published orders: days on which an earlier customer bought again.
    """
    ((came,),) = query(
        published,
        "with days as (select distinct person_id, ordered_date from marts.fct_orders where is_conversion),"
        " known as (select person_id from days group by person_id having min(ordered_date) <= date '2010-07-03')"
        " select count(*) from days inner join known using (person_id) where ordered_date > date '2010-07-03'",
    )
    ((predicted, actual),) = query(
        published, "select sum(predicted_purchases), sum(actual_purchases) from marts.kpi_clv_backtest"
    )
    assert actual == came
    assert abs(float(str(predicted)) / float(str(came)) - 1) < 0.15
    assert query(published, "select distinct is_at_edge, failure from marts.kpi_clv_model where model = 'mbg_nbd'") == [
        (True, None)
    ]


def test_real_cohorts_buy_again(published: Path) -> None:
    """Retention of real cohorts equals a count from the raw orders."""
    days: defaultdict[str, set[str]] = defaultdict(set)
    for order_id, contact_id, ordered_at, *_, total_amount in rows(
        published.parent.parent / "raw/orders/orders.parquet"
    ):
        if contact_id != "stock" and Decimal(str(total_amount)) >= 0:
            # times in the file are London time; an invoice without a customer is a buyer of its own
            days[str(contact_id or f"invoice {order_id}")].add(str(ordered_at)[:10])
    buyers = [sorted(of_buyer) for of_buyer in days.values()]
    months = sorted({day[:7] for of_buyer in buyers for day in of_buyer})
    assert len(months) == 13
    expected = []
    for cohort in months:
        members = [of_buyer for of_buyer in buyers if of_buyer[0][:7] == cohort]
        for month in months:
            if month >= cohort:
                active = sum(any(day[:7] == month for day in of_buyer) for of_buyer in members)
                repeats = sum(len(of_buyer) > 1 and of_buyer[1][:7] <= month for of_buyer in members)
                expected.append((cohort, month, len(members), active, repeats))

    counted = query(
        published,
        "select strftime(cohort_month, '%Y-%m'), strftime(month_start, '%Y-%m'), customers, active, repeat_customers"
        " from marts.kpi_retention where dimension = 'all' and is_complete order by all",
    )

    assert counted == expected
