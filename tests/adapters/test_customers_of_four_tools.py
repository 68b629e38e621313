"""Exports of four tools, read through one mapping.yml and built to marts, against figures worked out by hand.

The samples are those of tests/adapters/<tool>. They share people: chi@example.com buys in two shops, has a subscription
and is in the CRM, so the figures also show that persons are joined across tools.
"""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from customer_journey.raw.adapters import FOLDER

from tests.support.builds import FEW_FRAMEWORKS, publish, write_rows, write_settings
from tests.support.shared import made_once
from tests.support.small_project import MARTS, make_small_project

SAMPLES = Path(__file__).parent
ZONE = "Asia/Ho_Chi_Minh"
MAPPING: dict[str, list[dict[str, Any]]] = {
    "adapters": [
        {"adapter": "shopify", "folder": "shopify", "id_prefix": "shop-", "variables": {"visits": "yes"}},
        {"adapter": "woocommerce", "folder": "woocommerce", "timezone": ZONE, "id_prefix": "woo-"},
        {"adapter": "hubspot", "folder": "hubspot", "timezone": ZONE, "id_prefix": "hub-"},
        # payments through Stripe are those of the shops' orders, so they are no orders of their own
        {"adapter": "stripe", "folder": "stripe", "id_prefix": "pay-", "variables": {"orders": "leave_out"}},
    ]
}
# to US dollars
RATES = {"GBP": "1.25", "CAD": "0.75", "EUR": "1.1", "VND": "0.00004"}
# a line of WooCommerce's orders that broke off, and the tables that are made of that file
BROKEN_LINE = "903,903,2024-05-03\n"
MADE_OF_IT = ("orders.order_items", "orders.orders", "orders.refunds")
READ = ("fct_orders", "fct_deals", "fct_mrr_movements", "journey_positions", "audit_quarantine")


def make_project(folder: Path) -> Path:
    """Write a small project with the adapters."""
    make_small_project(folder, (*MARTS, *READ))
    shutil.copytree(FOLDER, folder / "adapters", dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of a company that has all four tools."""
    project = made_once(tmp_path_factory, "project_of_adapters", make_project)
    root = tmp_path_factory.mktemp("adapters")
    raw = root / "raw"
    write_settings(raw, {"as_of": "2025-10-01T00:00:00Z", "reporting_currency": "USD", **FEW_FRAMEWORKS})
    for entry in MAPPING["adapters"]:
        shutil.copytree(SAMPLES / str(entry["adapter"]) / "export", raw / str(entry["folder"]))
    with (raw / "woocommerce" / "orders.csv").open("a", encoding="utf-8") as stream:
        stream.write(BROKEN_LINE)
    (raw / "mapping.yml").write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    write_rows(
        raw,
        "finance/exchange_rates",
        [
            {"rate_date": "2023-01-01", "currency": currency, "rate_to_reporting": rate}
            for currency, rate in RATES.items()
        ],
    )
    with duckdb.connect(str(publish(raw, root / "out", project=project)), read_only=True) as connection:
        yield connection


def test_net_revenue_by_order(published: duckdb.DuckDBPyConnection) -> None:
    """Net revenue: total less tax and shipping, less the same share of each refund, in dollars."""
    found = published.execute("select order_id, order_status, net_revenue from marts.fct_orders").fetchall()
    assert {order: (status, round(Decimal(net), 2)) for order, status, net in found} == {
        # net 114 - 9 - 10 = 95; 19 of 114 were refunded: 95 x 95 / 114 = 79.17
        "shop-5000000001001": ("shipped", Decimal("79.17")),
        "shop-5000000001002": ("cancelled", Decimal(0)),
        "shop-5000000001003": ("pending", Decimal(0)),
        "shop-#1004": ("paid", Decimal("40.00")),
        # net 120 - 20 - 5 = 95; 36 of 120 were refunded: 95 x 84 / 120 = 66.50
        "shop-6000000001": ("paid", Decimal("66.50")),
        "shop-6000000002": ("cancelled", Decimal(0)),
        # (62 - 2 - 2) x 49.5 / 62 = 46.3065 pounds, at 1.25
        "shop-9100": ("completed", Decimal("57.88")),
        # 27.35 - 1.35 - 10
        "woo-727": ("paid", Decimal("16.00")),
        "woo-728": ("returned", Decimal(0)),
        # 30 less 5
        "woo-729": ("completed", Decimal("25.00")),
        "woo-731": ("pending", Decimal(0)),
        # 29.35 - 1.35 - 10
        "woo-901": ("paid", Decimal("18.00")),
        # 9 less 4.50
        "woo-902": ("completed", Decimal("4.50")),
    }


def test_mrr_by_month(published: duckdb.DuckDBPyConnection) -> None:
    found = published.execute(
        "select strftime(month_start, '%Y-%m'), round(sum(mrr_change), 2) from marts.fct_mrr_movements"
        " group by all having sum(mrr_change) <> 0 order by 1"
    ).fetchall()
    assert [(month, Decimal(str(change))) for month, change in found] == [
        # 18.90 + 290,000 dong (11.60) + 10 + 15 + 30 + 400 + 52 euros (57.20)
        ("2024-01", Decimal("542.70")),
        # contraction by a pause of 10, expansion by a second seat of 30
        ("2024-02", Decimal("20.00")),
        # two ends: 60 and 57.20
        ("2024-03", Decimal("-117.20")),
        # churn of 11.60, contraction by a discount of 5
        ("2024-04", Decimal("-6.60")),
    ]


def test_deals_and_the_stage_of_their_persons(published: duckdb.DuckDBPyConnection) -> None:
    found = published.execute(
        "select deals.deal_id, deals.status, positions.stage from marts.fct_deals as deals"
        " left join marts.journey_positions as positions"
        " on deals.person_id = positions.person_id and positions.framework = 'adahub_crm' order by 1"
    ).fetchall()
    assert found == [
        # binh@example.com is a customer in the CRM; chi@example.com by a subscription, although the deal is not won
        ("hub-31", "won", "customer"),
        ("hub-33", "open", "customer"),
        # the CRM made an@example.com a customer; a stage named Closed Lost is defined as open, one named Gone as lost
        ("hub-601", "open", "customer"),
        ("hub-602", "open", "customer"),
        ("hub-603", "lost", "customer"),
        # lan@example.com's deal was won on 30 August 2025
        ("hub-7001", "won", "customer"),
        # a company's
        ("hub-7002", "open", None),
    ]


def test_persons_are_joined_across_tools(published: duckdb.DuckDBPyConnection) -> None:
    """The buyer of each order and the person of each deal with the same e-mail are one."""
    row = published.execute(
        "select count(*) from marts.fct_orders as orders inner join marts.fct_deals as deals using (person_id)"
        " where (order_id, deals.deal_id) in"
        " (('shop-9100', 'hub-33'), ('woo-901', 'hub-33'), ('woo-727', 'hub-7001'), ('woo-902', 'hub-31'),"
        "  ('shop-6000000001', 'hub-601'))"
    ).fetchone()
    assert row == (5,)


def test_every_row_of_the_exports_is_accounted_for(published: duckdb.DuckDBPyConnection) -> None:
    expected: dict[str, int] = {"finance.exchange_rates": len(RATES)}
    for entry in MAPPING["adapters"]:
        told = yaml.safe_load((SAMPLES / str(entry["adapter"]) / "expected.yml").read_text(encoding="utf-8"))
        for label, rows in told["rows"].items():
            is_left_out = entry["adapter"] == "stripe" and label.startswith("orders/")
            name = label.replace("/", ".")
            expected[name] = expected.get(name, 0) + (0 if is_left_out else rows)
    for name in MADE_OF_IT:
        expected[name] += 1
    found = published.execute(
        "select source_table, sum(rows_in) from marts.audit_reconciliation group by all having sum(rows_in) > 0"
    ).fetchall()
    assert {table: int(rows) for table, rows in found} == expected


def test_what_is_refused_is_what_the_samples_hold_for_it(published: duckdb.DuckDBPyConnection) -> None:
    found = published.execute(
        "select source_table || ' ' || reason, count(*) from marts.audit_quarantine group by all"
    ).fetchall()
    assert dict(found) == {
        **{f"{table} broken_line": 1 for table in MADE_OF_IT},
        # a customer in the CSV who never ordered
        "crm.contacts missing_created_at": 1,
        # the stage "Shaken hands", which no seed knows
        "crm.deals unknown_status": 1,
        # a price in tiers
        "crm.subscription_changes missing_mrr": 1,
        # the line of the deleted order
        "orders.order_items deleted_parent": 1,
        # wc-awaiting-shipment, a plugin's
        "orders.orders unmapped_status": 1,
    }
