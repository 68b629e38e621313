"""Exports of twelve more tools, read through one mapping.yml and built to marts, against figures worked out by hand.

test_customers_of_four_tools.py has the other four. The samples are those of tests/adapters/<tool>.
"""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.support.builds import FEW_FRAMEWORKS, write_rows, write_settings
from tests.support.models import build_models

SAMPLES = Path(__file__).parent
ZONE = "Asia/Ho_Chi_Minh"
TOOLS = (
    *("ga4", "google_ads", "kiotviet", "klaviyo", "mailchimp", "meta_ads", "salesforce", "segment", "shopee"),
    *("tiktok_ads", "tiktok_shop", "zendesk"),
)
# tools that know persons by the ids of another one
WITHOUT_PREFIX = ("ga4", "segment", "zendesk")
# to Vietnamese dong
RATES = {"USD": 25000, "EUR": 27000, "MXN": 1400}
READ = ("fct_ad_spend", "fct_deals", "fct_messages", "fct_orders", "fct_refunds", "fct_sessions", "fct_tickets")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts of a company that has all these tools."""
    root = tmp_path_factory.mktemp("more_adapters")
    raw = root / "raw"
    settings = {"as_of": "2026-04-01T00:00:00Z", "reporting_currency": "VND", "currency_decimals": 0}
    write_settings(raw, {**settings, "reporting_timezone": ZONE, **FEW_FRAMEWORKS})
    entries: list[dict[str, Any]] = []
    for tool in TOOLS:
        shutil.copytree(SAMPLES / tool / "export", raw / tool)
        prefix = {} if tool in WITHOUT_PREFIX else {"id_prefix": f"{tool}-"}
        entries.append({"adapter": tool, "folder": tool, "timezone": ZONE, **prefix})
    (raw / "mapping.yml").write_text(yaml.safe_dump({"adapters": entries}), encoding="utf-8")
    rates = [
        {"rate_date": "2010-01-01", "currency": currency, "rate_to_reporting": str(rate)}
        for currency, rate in RATES.items()
    ]
    write_rows(raw, "finance/exchange_rates", rates)
    with duckdb.connect(str(build_models(raw, root / "out", READ)), read_only=True) as connection:
        yield connection


def test_orders_of_three_marketplaces_and_tills(built: duckdb.DuckDBPyConnection) -> None:
    found = built.execute("select order_id, order_status, total_amount, net_revenue from marts.fct_orders order by 1")
    assert found.fetchall() == [
        ("kiotviet-HD0001", "completed", 1260000, 1260000),
        ("kiotviet-HD0002", "cancelled", 150000, 0),
        ("kiotviet-HD0003", "paid", 450000, 450000),
        ("kiotviet-HD9001", "pending", 1290000, 0),
        # less the refund of 70,000
        ("kiotviet-HD9002", "completed", 150000, 80000),
        # 58,000 less 15,000 for shipping, less the same share of the refund: 17,000 x 43 / 58
        ("shopee-260115VIDU01", "completed", 58000, 30397),
        ("shopee-260116VIDU02", "pending", 50000, 0),
        ("shopee-260117VIDU03", "returned", 12000, 0),
        ("shopee-260118VIDU04", "cancelled", 12000, 0),
        # less 38,000 for shipping
        ("tiktok_shop-583870900000000001", "completed", 238000, 200000),
        ("tiktok_shop-583870900000000002", "cancelled", 67000, 0),
        ("tiktok_shop-583870900000000003", "completed", 2058000, 1029000),
        ("tiktok_shop-583870900000000004", "returned", 29000, 0),
    ]
    assert built.execute("select sum(refund_amount) from marts.fct_refunds").fetchall() == [(70000 + 17000 + 1029000,)]


def test_spend_of_three_platforms(built: duckdb.DuckDBPyConnection) -> None:
    found = built.execute("select platform, sum(cost) from marts.fct_ad_spend group by 1 order by 1").fetchall()
    assert found == [
        # 172,450 and 160,000.50 (160,001 in whole dong) in Vietnam, 36.15 + 1.85 + 0.99 + 0.005 in dollars
        ("google_ads", 172450 + 160001 + Decimal("38.995") * 25000),
        # 76.53 + 55.26 + 20.50 + 3 in dollars, 1,234.56 + 1,002 in euros; a whole month in one row is refused
        ("meta", Decimal("155.29") * 25000 + Decimal("2236.56") * 27000 + 1250000 + 980500),
        ("tiktok", Decimal("4.5") * 25000),
    ]


def test_deals_tickets_and_letters(built: duckdb.DuckDBPyConnection) -> None:
    assert built.execute("select deal_id, status, amount from marts.fct_deals order by 1").fetchall() == [
        # 7,000 and 500 pesos
        ("salesforce-006EXAMPLE00001AAA", "open", 7000 * 1400),
        ("salesforce-006EXAMPLE00002AAA", "won", 500 * 1400),
        ("salesforce-006EXAMPLE00003AAA", "lost", None),
        # of an org with one currency, which names none
        ("salesforce-006FIVE0000001AAA", "lost", 100),
    ]
    # tickets 3 and 4 were deleted and merged; the first answer came after two and a half hours
    tickets = built.execute("select ticket_id, first_response_hours from marts.fct_tickets order by 1").fetchall()
    assert [(name, hours and float(hours)) for name, hours in tickets] == [
        *(("1", 2.5), ("2", None), ("9", None)),
        ("salesforce-500EXAMPLE00001AAA", None),
    ]
    found = built.execute(
        "select campaign, count(*), count(opened_at), count(clicked_at), count(bounced_at), count(unsubscribed_at)"
        " from marts.fct_messages group by 1 order by 1"
    ).fetchall()
    assert found == [
        ("(none)", 1, 1, 0, 0, 0),
        # a machine opened it; its reader left
        ("January letter", 1, 0, 0, 0, 1),
        # to two persons: one read it and left, the other's address bounced
        ("Release 0.1", 2, 1, 1, 1, 1),
        ("Welcome", 1, 0, 1, 0, 0),
    ]


def test_sessions_of_two_trackers_meet_in_one_person(built: duckdb.DuckDBPyConnection) -> None:
    """Customer KH-7 is known to Segment and to GA4: two of the five sessions are of one person."""
    found = built.execute("select channel, campaign, has_order from marts.fct_sessions order by all").fetchall()
    assert found == [
        ("direct", "(none)", False),
        ("direct", "(none)", False),
        # a click id of Google without tags
        ("paid_search", "(none)", False),
        ("paid_search", "tet_sale", True),
        ("paid_search", "tet_sale", True),
    ]
    assert built.execute("select count(distinct person_id) from marts.fct_sessions").fetchall() == [(4,)]
