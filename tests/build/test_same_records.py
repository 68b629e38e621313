"""An order that two sources hold, such as shop and till, counts once, by the keys that mapping.yml declares."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.errors import InputError
from customer_journey.landing.land import land
from customer_journey.privacy import erasure
from customer_journey.raw.adapters import FOLDER
from customer_journey.raw.mapping import read_mapping
from customer_journey.warehouse import open_warehouse

from tests.support.builds import FEW_FRAMEWORKS, publish, write_settings
from tests.support.models import build_models
from tests.support.shared import made_once
from tests.support.small_project import MARTS, make_small_project

Rows = list[tuple[Any, ...]]

# Shopify's export; #1001 and #1003 were paid at the till
SHOP = (
    "Name,Email,Financial Status,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Id\n"
    "#1001,mai@example.com,paid,fulfilled,USD,100,0,0,100,0,2026-02-01 09:00:00 +0000,1,Lamp,100,L,5001\n"
    "#1002,mai@example.com,paid,fulfilled,USD,50,0,0,50,0,2026-02-02 09:00:00 +0000,1,Cup,50,C,5002\n"
    "#1003,nam@example.com,paid,fulfilled,USD,20,0,0,20,0,2026-02-03 09:00:00 +0000,1,Pen,20,P,5003\n"
)
# R3 has 25 where the shop has 20; R2 is not in the shop
TILL = {
    "till.csv": "Receipt;Web order;Day;Mail;Sum\n"
    "R1;#1001;2026-02-01;mai@example.com;100\n"
    "R2;;2026-02-02;nam@example.com;30\n"
    "R3; 1003 ;2026-02-03;nam@example.com;25\n",
    "till_lines.csv": "Receipt;Line;Article;Pieces;Price\nR1;1;Lamp;1;100\nR2;1;Bag;1;30\n",
    "till_back.csv": "Slip;Receipt;Day;Sum\nB1;R1;2026-02-05;10\nB2;R2;2026-02-06;5\n",
}
ENTRIES = """
tables:
  orders/orders:
    source: till
    files: [till.csv]
    delimiter: ";"
    id_prefix: "till-"
    columns: {order_id: Receipt, ordered_at: Day, email: Mail, total_amount: Sum}
    constants: {status: paid}
  orders/order_items:
    source: till
    files: [till_lines.csv]
    delimiter: ";"
    id_prefix: "till-"
    columns: {order_id: Receipt, line_number: Line, product_id: Article, quantity: Pieces, unit_price: Price}
  orders/refunds:
    source: till
    files: [till_back.csv]
    delimiter: ";"
    id_prefix: "till-"
    columns: {refund_id: Slip, order_id: Receipt, refunded_at: Day, amount: Sum}
adapters:
  - {adapter: shopify, folder: shop, source: shop}
"""
SHOP_FIRST = "same_records:\n  orders/orders: {shop: record_number, till: Web order}\n"
TILL_FIRST = "same_records:\n  orders/orders: {till: Web order, shop: record_number}\n"


def _project(folder: Path) -> Path:
    make_small_project(folder, (*MARTS, "fct_order_items", "fct_refunds", "audit_sources"))
    shutil.copytree(FOLDER, folder / "adapters", dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Rows]]:
    """Build once with each of these additions to mapping.yml, in one output folder."""
    project = made_once(tmp_path_factory, "project_of_same_records", _project)
    root = tmp_path_factory.mktemp("same_records")
    raw = root / "raw"
    write_settings(raw, {"as_of": "2026-03-01T00:00:00Z", "reporting_currency": "USD", **FEW_FRAMEWORKS})
    (raw / "shop").mkdir()
    for name, content in {**TILL, "shop/orders.csv": SHOP}.items():
        (raw / name).write_text(content, encoding="utf-8")

    def build(same_records: str) -> dict[str, Rows]:
        (raw / "mapping.yml").write_text(ENTRIES + same_records, encoding="utf-8")
        with duckdb.connect(str(publish(raw, root / "out", project=project)), read_only=True) as connection:
            return {
                name: connection.execute(query).fetchall()
                for name, query in {
                    "orders": "select order_id, net_revenue from marts.fct_orders order by 1",
                    "items": "select order_id, product_id from marts.fct_order_items order by 1",
                    "refunds": "select refund_id, order_id from marts.fct_refunds order by 1",
                    "sources": "select source_table, source, rows_in, accepted, duplicates from marts.audit_sources"
                    " where rows_in > 0 order by 1, 2",
                    "reconciled": "select source_table, duplicates, duplicates_other_source"
                    " from marts.audit_reconciliation where duplicates > 0 order by 1",
                }.items()
            }

    return build


def test_the_source_that_stands_first_counts(built: Callable[[str], dict[str, Rows]]) -> None:
    """An order in both sources counts once, in the first source; the till's refund is booked on the shop's order."""
    found = built(SHOP_FIRST)
    assert found["orders"] == [
        # 100 less the refund of 10 at the till
        ("5001", Decimal(90)),
        ("5002", Decimal(50)),
        ("5003", Decimal(20)),
        # 30 less 5
        ("till-R2", Decimal(25)),
    ]
    assert found["items"] == [("5001", "L"), ("5002", "C"), ("5003", "P"), ("till-R2", "till-Bag")]
    assert found["refunds"] == [("till-B1", "5001"), ("till-B2", "till-R2")]
    # one reconciliation a source
    assert found["sources"] == [
        ("orders.order_items", "shop", 3, 3, 0),
        ("orders.order_items", "till", 2, 1, 1),
        ("orders.orders", "shop", 3, 3, 0),
        ("orders.orders", "till", 3, 1, 2),
        ("orders.refunds", "till", 2, 2, 0),
    ]
    assert found["reconciled"] == [("orders.order_items", 1, 1), ("orders.orders", 2, 2)]


def test_another_order_of_the_sources_holds_from_the_next_build_on(built: Callable[[str], dict[str, Rows]]) -> None:
    built(SHOP_FIRST)
    found = built(TILL_FIRST)
    assert found["orders"] == [
        ("5002", Decimal(50)),
        ("till-R1", Decimal(90)),
        ("till-R2", Decimal(25)),
        ("till-R3", Decimal(25)),
    ]
    assert found["items"] == [("5002", "C"), ("till-R1", "till-Lamp"), ("till-R2", "till-Bag")]
    assert found["refunds"] == [("till-B1", "till-R1"), ("till-B2", "till-R2")]


def test_without_a_declaration_both_count(built: Callable[[str], dict[str, Rows]]) -> None:
    """Without same_records both orders count, because only their owner knows that they are one."""
    assert sum(net for _, net in built("")["orders"]) == 100 + 50 + 20 + 100 + 30 + 25 - 10 - 5


@pytest.mark.parametrize(
    ("columns", "till", "is_same"),
    [
        # the shop: mai@example.com bought for 1250 at 2026-02-01 09:00 in Hanoi
        ("[email, ordered_at, total_amount]", " Mai@Example.com;01/02/2026 18:30;1.250,00;", True),
        ("[email, ordered_at, total_amount]", "mai@example.com;02/02/2026 09:00;1.250,00;", False),
        ("[email, ordered_at, total_amount]", "mai@example.com;01/02/2026 09:00;1.250,01;", False),
        ("[phone, total_amount]", ";01/02/2026 09:00;1250;0912 345 678", True),
        # a blank part makes no key: two orders without identifiers are two orders
        ("[phone, total_amount]", "mai@example.com;01/02/2026 09:00;1250;", False),
    ],
)
def test_a_key_of_several_columns_is_compared_by_what_they_mean(
    columns: str, till: str, is_same: bool, tmp_path: Path
) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "shop.csv").write_text(
        "order_id,email,ordered_at,total_amount,phone,status\n"
        "1,mai@example.com,2026-02-01T09:00:00+07:00,1250,+84912345678,paid\n",
        encoding="utf-8",
    )
    (raw / "till.csv").write_text(f"order_id;email;ordered_at;total_amount;phone\n1;{till}\n", encoding="utf-8")
    (raw / "mapping.yml").write_text(
        "tables:\n  orders/orders:\n    - {source: shop, files: [shop.csv]}\n"
        '    - {source: till, files: [till.csv], delimiter: ";", decimal: ",", thousands: ".", id_prefix: t-,\n'
        '       date_format: "%d/%m/%Y %H:%M", timezone: Asia/Ho_Chi_Minh, constants: {status: paid}}\n'
        f"same_records:\n  orders/orders: {{shop: {columns}, till: {columns}}}\n",
        encoding="utf-8",
    )
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        erasure.prepare(connection)
        land(connection, raw, lambda table, share: None)
        keys = connection.execute("select count(*), count(distinct record_key) from private.record_keys").fetchone()
    assert (keys == (2, 1)) == is_same, keys


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("same_records: [orders/orders]", "must hold lines of the form"),
        ("same_records: {crm/contacts: {till: a, shop: b}}", "Contacts of several sources are joined by e-mail"),
        ("same_records: {orders/orders: {till: Web order}}", "must hold lines of the form"),
        (
            "same_records: {orders/orders: {shopp: record_number, till: Web order}}",
            "no entry is the source shopp. Write `source: shopp` in the entry. There are: shop, till.",
        ),
        ("same_records: {orders/orders: {shop: [], till: Web order}}", "shop: names no column"),
        (
            "same_records: {orders/refunds: {shop: refund_id, till: Slp}}",
            "there is no column Slp. Did you mean Slip?",
        ),
        (
            "same_records: {orders/orders: {shop: nmae, till: Web order}}",
            "orders/orders: there is no column nmae",
        ),
    ],
)
def test_a_declaration_that_cannot_be_followed(lines: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for name, content in {**TILL, "shop/orders.csv": SHOP, "mapping.yml": ENTRIES + lines}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with duckdb.connect() as connection, pytest.raises(InputError) as refused:
        read_mapping(tmp_path)
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_sources_whose_ids_may_be_the_same_want_a_prefix(tmp_path: Path) -> None:
    """Sources with equal ids need a prefix; else row 7 of the till would count as a version of order 7 of the shop."""
    text = ENTRIES.replace('id_prefix: "till-"', "").replace("shop}", "shop}\n") + SHOP_FIRST
    (tmp_path / "mapping.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r'may be the same.*Write `id_prefix: "till-"` in the entries of till\.'):
        read_mapping(tmp_path)


# two CRMs: the new one took over deal 100, subscription SUB-1, ticket 7, quote Q1 and call 5 of the old one
CRMS = {
    "old_contacts.csv": "contact_id,email,created_at\n1,mai@example.com,2026-01-01\n2,nam@example.com,2026-01-01\n",
    "new_contacts.csv": "contact_id,email,created_at\n1,nam@example.com,2026-01-01\n2,mai@example.com,2026-01-01\n",
    "old_deals.csv": "deal_id,contact_id,amount,status,created_at,closed_at,number\n"
    "1,1,1000,won,2026-01-10,2026-01-20,100\n2,2,500,open,2026-01-11,,\n",
    "new_deals.csv": "deal_id,contact_id,amount,status,created_at,closed_at,old_number\n"
    "1,2,1000,won,2026-01-12,2026-01-21,100\n2,1,700,won,2026-01-13,2026-02-01,101\n",
    "new_deal_changes.csv": "change_id,deal_id,deal_stage,changed_at\n1,1,offer,2026-01-13\n2,2,offer,2026-01-14\n",
    # an order that fulfils the deal, which it names by its id in the new CRM
    "orders.csv": "order_id,email,ordered_at,status,total_amount,deal_id,subscription_id\n"
    "1,mai@example.com,2026-01-25,paid,400,1,\n2,mai@example.com,2026-02-06,paid,50,,1\n",
    "old_subscriptions.csv": "change_id,subscription_id,contact_id,change_type,mrr,changed_at,number\n"
    "1,1,1,started,50,2026-01-05,SUB-1\n2,1,1,upgraded,80,2026-02-05,SUB-1\n",
    # the end of subscription 1 lacks the number
    "new_subscriptions.csv": "change_id,subscription_id,contact_id,change_type,mrr,changed_at,number\n"
    "1,1,2,started,50,2026-01-06,sub-1\n2,1,2,cancelled,0,2026-02-20,\n3,2,1,started,30,2026-02-10,SUB-2\n",
    "old_tickets.csv": "ticket_id,contact_id,opened_at,order_id\n7,1,2026-02-01,\n",
    "new_tickets.csv": "ticket_id,contact_id,opened_at,number\n1,2,2026-02-02,#7\n2,1,2026-02-03,8\n",
    "old_quotes.csv": "quote_id,contact_id,amount,quoted_at,number\n1,1,900,2026-01-11,Q1\n",
    # the second belongs to the deal that counts in the old CRM
    "new_quotes.csv": "quote_id,contact_id,deal_id,amount,quoted_at,number\n"
    "1,2,1,900,2026-01-12,Q1\n2,2,1,950,2026-01-14,Q2\n",
    "old_activities.csv": "activity_id,contact_id,activity_type,occurred_at\n5,1,call,2026-01-10T08:00:00\n",
    "new_activities.csv": "activity_id,contact_id,activity_type,occurred_at,old_id\n1,2,call,2026-01-10T08:01:00,5\n"
    "2,2,call,2026-01-11T08:00:00,\n",
}
CRM_TABLES = {
    "crm/contacts": ("old_contacts", "new_contacts"),
    "crm/deals": ("old_deals", "new_deals"),
    "crm/deal_changes": ("new_deal_changes",),
    "crm/subscription_changes": ("old_subscriptions", "new_subscriptions"),
    "crm/tickets": ("old_tickets", "new_tickets"),
    "crm/quotes": ("old_quotes", "new_quotes"),
    "crm/activities": ("old_activities", "new_activities"),
    "orders/orders": ("orders",),
}
CRM_KEYS = """
same_records:
  crm/deals: {old: number, new: old_number}
  crm/subscription_changes: {old: number, new: number}
  crm/tickets: {old: ticket_id, new: number}
  crm/quotes: {old: number, new: number}
  crm/activities: {old: activity_id, new: old_id}
"""


def test_records_of_two_crms_count_once(tmp_path: Path) -> None:
    """A deal that both CRMs hold is one conversion; what names it in the second CRM belongs to the deal that counts."""
    raw = tmp_path / "raw"
    write_settings(raw, {"as_of": "2026-03-15T00:00:00Z", "reporting_currency": "USD", "reporting_timezone": "UTC"})
    for name, content in CRMS.items():
        (raw / name).write_text(content, encoding="utf-8")
    lines = ["tables:"]
    for label, names in CRM_TABLES.items():
        lines.append(f"  {label}:")
        for name in names:
            source = name.split("_")[0] if "_" in name else "new"
            prefix = "" if source == "old" else ", id_prefix: new-"
            lines.append(f"    - {{source: {source}, files: [{name}.csv]{prefix}}}")
    (raw / "mapping.yml").write_text("\n".join(lines) + CRM_KEYS, encoding="utf-8")
    models = (
        *("fct_deals", "fct_conversions", "fct_mrr_movements", "fct_tickets", "fct_quotes", "fct_activities"),
        *("fct_touchpoints", "audit_reconciliation"),
    )
    warehouse = build_models(raw, tmp_path / "out", models)
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def found(query: str) -> Rows:
            return connection.execute(query).fetchall()

        assert found("select deal_id, status from marts.fct_deals order by 1") == [
            ("1", "won"),
            ("2", "open"),
            ("new-2", "won"),
        ]
        assert found(
            "select conversion_type, revenue from marts.fct_conversions"
            " where conversion_type in ('deal_won', 'order', 'subscription_started') order by 1, 2"
        ) == [
            # 1000 less the order of 400, which names the deal by its id in the new CRM
            ("deal_won", 600),
            ("deal_won", 700),
            ("order", 50),
            ("order", 400),
            # 50 less the order of 50, which names the subscription by its id in the new CRM
            ("subscription_started", 0),
            ("subscription_started", 30),
        ]
        assert found(
            "select cast(month_start as varchar), movement_type, sum(mrr_change) from marts.fct_mrr_movements"
            " where mrr_change <> 0 group by all order by 1, 2"
        ) == [("2026-01-01", "new", 50), ("2026-02-01", "expansion", 30), ("2026-02-01", "new", 30)]
        assert found("select ticket_id from marts.fct_tickets order by 1") == [("7",), ("new-2",)]
        assert found("select quote_id, deal_id from marts.fct_quotes order by 1") == [("1", None), ("new-2", "1")]
        assert found("select activity_id from marts.fct_activities order by 1") == [("5",), ("new-2",)]
        # one touchpoint each, not two
        assert found(
            "select touchpoint_type, count(*) from marts.fct_touchpoints"
            " where touchpoint_type in ('call', 'quote') group by 1 order by 1"
        ) == [("call", 2), ("quote", 2)]
        assert found(
            "select source_table, rows_in, accepted, duplicates_other_source from marts.audit_reconciliation"
            " where duplicates > 0 order by 1"
        ) == [
            ("crm.activities", 3, 2, 1),
            ("crm.deal_changes", 2, 1, 1),
            ("crm.deals", 4, 3, 1),
            ("crm.quotes", 3, 2, 1),
            ("crm.subscription_changes", 5, 3, 2),
            ("crm.tickets", 3, 2, 1),
        ]


def test_reviews_and_purchases_of_an_order_that_counts_elsewhere_are_its_own(tmp_path: Path) -> None:
    """Review and web event name receipt R1 of the till alone; the shop, which counts, knows that Mai bought it as 1."""
    raw = tmp_path / "raw"
    write_settings(raw, {"as_of": "2026-03-15T00:00:00Z", "reporting_currency": "USD", "reporting_timezone": "UTC"})
    for name, content in {
        "shop.csv": "order_id,email,ordered_at,total_amount,number\n1,mai@example.com,2026-02-01,100,R1\n",
        "till.csv": "order_id,ordered_at,total_amount,number\nR1,2026-02-01,100,R1\n",
        "feedback/reviews.csv": "review_id,order_id,reviewed_at,rating\nV1,till-R1,2026-02-09,5\n",
        "web/events.csv": "event_id,anonymous_id,occurred_at,event_name,order_id\n"
        "E1,cookie,2026-02-01T09:00:00,purchase,till-R1\n",
        "mapping.yml": "tables:\n  orders/orders:\n    - {source: shop, files: [shop.csv], constants: {status: paid}}\n"
        '    - {source: till, files: [till.csv], id_prefix: "till-", constants: {status: paid}}\n'
        "same_records:\n  orders/orders: {shop: number, till: number}\n",
    }.items():
        (raw / name).parent.mkdir(exist_ok=True)
        (raw / name).write_text(content, encoding="utf-8")
    warehouse = build_models(raw, tmp_path / "out", ("fct_orders", "fct_reviews", "fct_sessions", "fct_touchpoints"))
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (buyer,) = connection.execute("select order_id, person_id from marts.fct_orders").fetchall()
        assert buyer[0] == "1" and buyer[1] != "unknown"
        # the session of the purchase, by a cookie that nothing else links to Mai
        (session,) = connection.execute("select session_id from marts.fct_orders").fetchall()
        assert connection.execute("select session_id from marts.fct_sessions").fetchall() == [session]
        assert connection.execute("select order_id, person_id from marts.fct_reviews").fetchall() == [buyer]
        query = "select person_id from marts.fct_touchpoints where touchpoint_type = 'review'"
        assert connection.execute(query).fetchall() == [buyer[1:]]
