"""Exports of tools that no adapter reads, with the headers that the tools write: names of a kind, not of a tool."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from customer_journey.cli import app
from customer_journey.landing.land import land
from customer_journey.privacy import erasure
from customer_journey.raw.mapping import read_mapping
from onboarding.judge import judge
from onboarding.propose import propose
from onboarding.write import mapping_text, settings_text

from tests.onboarding.files import lines, write
from tests.onboarding.refusal import refusal_of

# each name of a column begins with that of its record
CRM = {
    "deals-1.csv": (
        "Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Stage,Deal - Status,Person - ID,"
        "Deal - Deal created,Deal - Update time,Deal - Deal closed on,Deal - Lost reason",
        "1,Acme,12000,EUR,Proposal,Won,11,2025-03-01 10:00:00,2025-04-01 10:00:00,2025-04-01 10:00:00,",
        "2,Bolt,5000,EUR,Demo,Open,12,2025-03-15 09:00:00,2025-03-20 09:00:00,,",
    ),
    "people-1.csv": (
        "Person - ID,Person - Name,Person - Email - Work,Person - Phone - Work,Person - Person created",
        "11,Ann,ann@acme.example,+31205550101,2025-02-20 08:00:00",
        "12,Ben,ben@bolt.example,+49305550102,2025-03-10 08:00:00",
    ),
    # no ids: an address stands for its contact
    "newsletter_subscribers.csv": (
        "Subscriber,Name,Country,Subscribed,Opens",
        "ann@acme.example,Ann,NL,2025-02-18 09:00:00,5",
        "dee@delta.example,Dee,SE,2025-01-05 12:00:00,1",
    ),
}
# the stage alone says whether a deal is won, ids are those of other records' names
STAGES = {
    "Deals_2026.csv": (
        "Record Id,Deal Owner,Amount,Deal Name,Closing Date,Contact Name.id,Stage,Created Time,Modified Time",
        "z40,Mai,1500,Catering,2026-02-15,z20,Negotiation/Review,2026-01-10 10:00:00,2026-01-12 10:00:00",
        "z41,Mai,700,Party,2026-01-20,z21,Closed Won,2026-01-02 09:00:00,2026-01-20 10:00:00",
        "z42,Mai,100,Lunch,2026-01-21,z21,Closed Lost to Competition,2026-01-03 09:00:00,2026-01-21 10:00:00",
    ),
    "Contacts_2026.csv": (
        "Record Id,Lead Source,First Name,Last Name,Email,Phone,Created Time,Modified Time,Mailing City",
        "z20,Referral,Cara,Office,cara@big.example,+15550000010,2025-12-20 10:00:00,2026-01-12 10:00:00,Troy",
        "z21,Web,Dan,Small,dan@small.example,+15550000011,2025-12-28 10:00:00,2026-01-20 10:00:00,Troy",
    ),
}
# columns of a database: id_order, with the tax in the name
DATABASE = {
    "request_1.csv": (
        "id_order;reference;id_customer;email;current_state;total_paid_tax_incl;total_paid_tax_excl;date_add;date_upd",
        "5;XKB;2;jean@exemple.fr;paid;61.800000;51.500000;2026-01-13 09:30:12;2026-01-14 09:00:00",
        "6;OHS;2;jean@exemple.fr;paid;69.900000;58.250000;2026-01-20 11:05:00;2026-01-23 09:00:00",
    ),
    # no number of the line
    "request_2.csv": (
        "id_order;product_id;product_name;product_quantity;unit_price_tax_incl",
        "5;1;Colibri;2;27.400000",
        "6;6;Mug;5;12.580000",
    ),
}
# a till: what was collected beside what is left after fees, discounts below zero, refunds among the sales
TILL = {
    "transactions-2026.csv": (
        "Date,Time,Gross Sales,Discounts,Net Sales,Tax,Total Collected,Fees,Net Total,"
        "Transaction ID,Event Type,Customer ID",
        "2026-01-05,09:15:00,$12.00,$0.00,$12.00,$1.06,$13.06,-$0.49,$12.57,T1,Payment,C1",
        '2026-01-05,10:02:00,"$1,030.00",-$3.00,"$1,027.00",$2.16,"$1,029.16",-$0.93,"$1,028.23",T2,Payment,',
        "2026-01-06,08:10:00,-$12.00,$0.00,-$12.00,-$1.06,-$13.06,$0.00,-$13.06,T3,Refund,C1",
    ),
}


def _proposed(folder: Path, files: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Write files and their proposal, and return the columns of each table."""
    for name, rows in files.items():
        write(folder, name, lines(*rows))
    proposal = propose(folder, None, None)
    (folder / "mapping.yml").write_text(mapping_text(proposal), encoding="utf-8")
    (folder / "vars.yml").write_text(settings_text(proposal) or "", encoding="utf-8")
    return {
        entry.files[0]: dict(entry.columns) for entry in read_mapping(folder).tables if entry.label != "orders/refunds"
    }


def test_names_that_begin_with_that_of_the_record(tmp_path: Path) -> None:
    found = _proposed(tmp_path, CRM)
    assert found["deals-1.csv"] == {
        "deal_id": "Deal - ID",
        "contact_id": "Person - ID",
        "deal_stage": "Deal - Stage",
        "amount": "Deal - Value",
        "currency": "Deal - Currency of Value",
        "status": "Deal - Status",
        "lost_reason": "Deal - Lost reason",
        "created_at": "Deal - Deal created",
        "closed_at": "Deal - Deal closed on",
        "updated_at": "Deal - Update time",
    }
    assert found["people-1.csv"]["created_at"] == "Person - Person created"
    # asked once for all tables
    said = CliRunner().invoke(app, ["init", str(tmp_path), "--overwrite"]).output
    assert said.count("time zone") == 1
    assert "the time zone of crm/contacts, crm/deals is unknown" in said
    subscribers = found["newsletter_subscribers.csv"]
    assert (subscribers["contact_id"], subscribers["email"]) == ("Subscriber", "Subscriber")
    assert {one.table.label: (one.rows, one.accepted) for one in judge(tmp_path).judgements} == {
        "crm/contacts": (4, 4),
        "crm/deals": (2, 2),
    }


def test_deals_whose_stage_alone_says_whether_they_are_won(tmp_path: Path) -> None:
    found = _proposed(tmp_path, STAGES)
    deals = found["Deals_2026.csv"]
    assert (deals["deal_stage"], deals["status"], deals["contact_id"]) == ("Stage", "Stage", "Contact Name.id")
    (entry,) = (entry for entry in read_mapping(tmp_path).tables if entry.label == "crm/deals")
    assert entry.values["status"] == {
        "Negotiation/Review": "open",
        "Closed Won": "won",
        "Closed Lost to Competition": "lost",
    }
    # not taken for the export of another CRM whose column of ids is called alike
    assert found["Contacts_2026.csv"]["created_at"] == "Created Time"
    assert {one.table.label: one.accepted for one in judge(tmp_path).judgements} == {"crm/contacts": 2, "crm/deals": 3}


def test_columns_of_a_database(tmp_path: Path) -> None:
    found = _proposed(tmp_path, DATABASE)
    assert found["request_1.csv"] == {
        "order_id": "id_order",
        "contact_id": "id_customer",
        "ordered_at": "date_add",
        "status": "current_state",
        "total_amount": "total_paid_tax_incl",
        "updated_at": "date_upd",
    }
    assert found["request_2.csv"] == {
        "order_id": "id_order",
        "quantity": "product_quantity",
        "unit_price": "unit_price_tax_incl",
    }
    assert {one.table.label: one.accepted for one in judge(tmp_path).judgements} == {
        "orders/order_items": 2,
        "orders/orders": 2,
    }


def test_a_till_with_fees_and_negative_discounts(tmp_path: Path) -> None:
    """What the card company keeps is no part of an order's amount, and a discount below zero refuses no order.

    Day and time stand in two columns.
    """
    found = _proposed(tmp_path, TILL)["transactions-2026.csv"]
    assert found["total_amount"] == "Total Collected"
    assert "discount_amount" not in found
    assert "Discounts is left out: its amounts are negative" in (tmp_path / "mapping.yml").read_text(encoding="utf-8")
    # the row below zero is a refund
    assert {one.table.label: (one.accepted, one.refused) for one in judge(tmp_path).judgements} == {
        "orders/orders": (2, 0),
        "orders/refunds": (1, 0),
    }
    times = {entry.label: entry.times for entry in read_mapping(tmp_path).tables}
    assert times == {"orders/orders": {"ordered_at": "Time"}, "orders/refunds": {"refunded_at": "Time"}}


def test_a_day_and_its_time_in_two_columns(tmp_path: Path) -> None:
    """They are read as one time, in the zone of the file; without a time the day is read."""
    rows = ("1,13/01/2026,2:30 PM,paid,10", "2,02/02/2026,,paid,10", "3,,8:00 AM,paid,10")
    write(tmp_path, "sales.csv", lines("Sale ID,Sale date,Sale time,Status,Total", *rows))
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, "America/New_York", None)), encoding="utf-8")
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
        assert connection.execute("select order_id, ordered_at from raw_orders.orders order by 1").fetchall() == [
            # five hours behind UTC in winter
            ("1", "2026-01-13 19:30:00.000000+00:00"),
            ("2", "2026-02-02"),
            ("3", None),
        ]


@pytest.mark.parametrize(
    ("lines_of_mapping", "said"),
    [
        ("times: {ordered_at: Tme}", "times: there is no column Tme. Did you mean Time?"),
        ("times: {status: Time}", "times: status is no time"),
        ("times: {delivered_at: Time}", "times: delivered_at has no column of its day"),
    ],
)
def test_times_that_cannot_be_followed(lines_of_mapping: str, said: str, tmp_path: Path) -> None:
    write(tmp_path, "sales.csv", lines("Sale,Date,Time,Status,Total", "1,2026-01-13,10:00,paid,10"))
    columns = "columns: {order_id: Sale, ordered_at: Date, status: Status, total_amount: Total}"
    assert said in refusal_of(tmp_path, f"{columns}\n    {lines_of_mapping}")


@pytest.mark.parametrize("column", ["Client", "E-mail"])
def test_orders_of_nobody_are_told(column: str, tmp_path: Path) -> None:
    header = f"ID,Date,Status,Total,{column}\n"
    row = "1,2026-01-13,paid,10," + ("J. DUPONT\n" if column == "Client" else "j@exemple.fr\n")
    write(tmp_path, "orders.csv", header + row)
    (source,) = propose(tmp_path, None, None).sources
    assert source.is_of_nobody is (column == "Client")
    # the name of a buyer or a country is no amount
    assert "shipping_amount" not in {match.column for match in source.matches}


@pytest.mark.parametrize(
    ("name", "header", "row", "table"),
    [
        ("users.csv", "id,email,role,created_at", "7,a@example.com,admin,2026-01-13", "crm/contacts"),
        (
            "deals.csv",
            "deal_id,contact_id,value,stage,status,created_at",
            "1,7,500,offer,open,2026-01-13",
            "crm/deals",
        ),
        (
            "tickets.csv",
            "ticket_id,contact_id,subject,opened,priority",
            "1,7,Where is it,2026-01-13,high",
            "crm/tickets",
        ),
    ],
)
def test_own_tables_are_not_taken_for_links_and_users_of_a_tool(
    name: str, header: str, row: str, table: str, tmp_path: Path
) -> None:
    """A few common names of columns are no sign of a tool: its adapter would make nothing of such a file."""
    write(tmp_path, name, lines(header, row))
    proposal = propose(tmp_path, None, None)
    assert [source.table.label for source in proposal.sources] == [table]
    assert proposal.adapters == []


def test_web_events_without_ids(tmp_path: Path) -> None:
    """A tracker that gives visits ids, but not events: visitor, time, event and page together stand for one."""
    header = "timestamp,name,user_id,hostname,pathname,referrer,utm_medium,utm_source"
    rows = (
        "2026-01-15 13:05:00,pageview,123456,shop.example,/,https://google.com,,",
        "2026-01-15 13:05:00,pageview,123456,shop.example,/join,,,",
        "2026-01-15 13:06:00,Signup,123456,shop.example,/join,,cpc,google",
    )
    write(tmp_path, "events.csv", lines(header, *rows))
    (tmp_path / "mapping.yml").write_text(mapping_text(propose(tmp_path, "UTC", None)), encoding="utf-8")
    with duckdb.connect() as connection:
        erasure.prepare(connection)
        land(connection, tmp_path, lambda table, share: None)
        found = connection.execute(
            "select event_name, anonymous_id, event_id from raw_web.events order by 3"
        ).fetchall()
    assert found == [
        ("page_view", "123456", "123456 2026-01-15 13:05:00 pageview /"),
        ("page_view", "123456", "123456 2026-01-15 13:05:00 pageview /join"),
        ("Signup", "123456", "123456 2026-01-15 13:06:00 Signup /join"),
    ]
    (events,) = judge(tmp_path).judgements
    assert (events.accepted, events.refused) == (3, 0)
