"""The demo's raw rows that count, without those of erased persons, from which tests recalculate its numbers."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from customer_journey.paths import PROJECT
from scipy import stats

from tests.support.demo import Demo
from tests.support.raw_rows import (
    Rates,
    Row,
    Rules,
    accepted_rows,
    identifiers_linked_to,
    identifiers_of,
    local_day,
    read_rows,
    rounded,
    vietnamese_phone,
)

# examples/demo/vars.yml
AS_OF = datetime(2026, 6, 30, 17)
IDENTITY_MAX_LINKS = 5

RULES = {
    "crm/contacts": Rules(
        key=("contact_id",), required=("contact_id", "created_at"), business_time="created_at", times=("created_at",),
        flags=("is_internal",),
    ),
    "orders/orders": Rules(
        key=("order_id",), required=("order_id", "ordered_at", "status", "total_amount"), business_time="ordered_at",
        times=("ordered_at", "delivered_at", "promised_delivery_at"), flags=("is_test",), names=("status",),
        amounts=("total_amount", "tax_amount", "shipping_amount", "discount_amount"),
    ),
    "orders/refunds": Rules(
        key=("refund_id",), required=("refund_id", "refunded_at", "amount"), business_time="refunded_at",
        times=("refunded_at",), amounts=("amount",),
    ),
    "finance/exchange_rates": Rules(
        key=("rate_date", "currency"), required=("rate_date", "currency", "rate_to_reporting"), dates=("rate_date",),
        amounts=("rate_to_reporting",),
    ),
    "privacy/erasure_requests": Rules(
        key=("request_id",), required=("request_id", "identifier_type", "identifier_value", "requested_at"),
        times=("requested_at",),
    ),
    "web/events": Rules(
        key=("event_id",), required=("event_id", "anonymous_id", "occurred_at", "event_name"),
        business_time="occurred_at", times=("occurred_at",),
    ),
    "feedback/survey_responses": Rules(
        key=("response_id",), required=("response_id", "survey_type", "score", "responded_at"),
        one_of=("email", "contact_id"), business_time="responded_at", times=("responded_at",),
        numbers=("score", "scale_min", "scale_max"), names=("survey_type",),
    ),
    "crm/deals": Rules(
        key=("deal_id",), required=("deal_id", "status", "created_at"), one_of=("contact_id", "company_id"),
        business_time="created_at", times=("created_at", "closed_at"), amounts=("amount",), names=("status",),
    ),
    "crm/subscription_changes": Rules(
        key=("change_id",), required=("change_id", "subscription_id", "change_type", "mrr", "changed_at"),
        one_of=("contact_id", "company_id"), business_time="changed_at", times=("changed_at",), amounts=("mrr",),
        names=("change_type", "cancel_type", "reason"),
    ),
    "crm/tickets": Rules(
        key=("ticket_id",), required=("ticket_id", "opened_at"), one_of=("contact_id", "email"),
        business_time="opened_at", times=("opened_at", "first_response_at", "resolved_at"),
        names=("channel", "category", "priority"),
    ),
}  # fmt: skip
# allowed values of a column; another value quarantines the row, and an older version then counts
WORDS = {
    "crm/deals": ("status", {"open", "won", "lost"}),
    "crm/subscription_changes": (
        "change_type", {"started", "renewed", "upgraded", "downgraded", "paused", "cancelled"},
    ),
}  # fmt: skip

# tables whose rows have identifiers of one person
LINKING = (
    "crm/contacts", "crm/activities", "crm/tickets", "web/identities", "orders/orders", "feedback/survey_invitations",
    "feedback/survey_responses", "feedback/reviews",
)  # fmt: skip
CHILDREN_OF_ORDERS = ("orders/order_items", "orders/refunds")


@dataclass(frozen=True)
class RawRows:
    """The rows of the raw files that are left when those of erased persons are gone."""

    demo: Demo
    erased: set[str]
    erased_orders: set[str]

    def left(self, label: str) -> list[Row]:
        """Return the rows of a table before any rule is applied."""
        return [
            row
            for row in read_rows(self.demo.raw_files(label))
            if not identifiers_of(row) & self.erased
            and not (label in CHILDREN_OF_ORDERS and row["order_id"] in self.erased_orders)
        ]

    def accepted(self, label: str) -> list[Row]:
        """Return the rows of a table that count."""
        rows = self.left(label)
        if label in WORDS:
            column, words = WORDS[label]
            rows = [row for row in rows if row[column] is None or row[column].lower() in words]
        return accepted_rows(rows, RULES[label], AS_OF)


def raw_rows_of(demo: Demo) -> RawRows:
    """Return the raw rows, without those of the persons who asked to be erased."""
    with (PROJECT / "seeds" / "identifier_placeholders.csv").open(encoding="utf-8") as stream:
        placeholders = {f"{row['identifier_type']}:{row['identifier_value']}" for row in csv.DictReader(stream)}
    records = [identifiers_of(row) for label in LINKING for row in read_rows(demo.raw_files(label))]
    requests = accepted_rows(
        read_rows(demo.raw_files("privacy/erasure_requests")), RULES["privacy/erasure_requests"], AS_OF
    )
    assert len(requests) == 5
    requested = {identifier for request in requests for identifier in identifiers_of(request)}
    erased = identifiers_linked_to(requested, records, placeholders, IDENTITY_MAX_LINKS)
    # persons with more than one identifier, of whom there are few
    assert len(requests) < len(erased) < 60
    orders = read_rows(demo.raw_files("orders/orders"))
    return RawRows(demo, erased, {row["order_id"] for row in orders if identifiers_of(row) & erased})


def person_of(row: Row, persons: Mapping[str, str], *identifiers: str) -> str | None:
    """Return the person of the first identifier of the row that has a person."""
    known = {
        "contact_id": row.get("contact_id"),
        "email": (row.get("email") or "").strip().lower(),
        "phone": vietnamese_phone(row.get("phone")),
        "anonymous_id": row.get("anonymous_id"),
    }
    found = (persons.get(f"{name}:{known[name]}") for name in identifiers)
    return next((person for person in found if person), None)


def seen(moment: datetime | None) -> datetime | None:
    """Return a timestamp, or None if it lies after as-of."""
    return moment if moment is not None and moment <= AS_OF else None


@dataclass(frozen=True)
class RawOrder:
    """An accepted order: whether it counts, and its net revenue in dong."""

    row: Row
    status: str
    person: str | None
    rate: Fraction
    is_internal: bool
    is_conversion: bool
    net_revenue: int


def orders_of(raw: RawRows, persons: Mapping[str, str]) -> dict[str, RawOrder]:
    """Return every accepted order by its id."""
    with (PROJECT / "seeds" / "order_status_map.csv").open(encoding="utf-8") as stream:
        statuses = {row["raw_status"]: row["order_status"] for row in csv.DictReader(stream)}
    rates = Rates(raw.accepted("finance/exchange_rates"))
    internal = {
        person_of(contact, persons, "contact_id") for contact in raw.accepted("crm/contacts") if contact["is_internal"]
    }
    accepted: dict[str, tuple[Row, Fraction]] = {}
    # an unmapped status quarantines the row, and an older version of the order then counts
    rows = [row for row in raw.left("orders/orders") if (row["status"] or "").lower() in {"", *statuses}]
    for row in accepted_rows(rows, RULES["orders/orders"], AS_OF):
        rate = rates.on(row["currency"], local_day(row["ordered_at"]))
        if rate is not None:
            accepted[row["order_id"]] = (row, rate)
    # each refund without its share of tax and shipping; refunds of an order are rounded together, to the dong
    refunded: defaultdict[str, Fraction] = defaultdict(Fraction)
    for refund in raw.accepted("orders/refunds"):
        if refund["order_id"] in accepted:
            row, rate = accepted[refund["order_id"]]
            share = Fraction(_net(row)) / Fraction(row["total_amount"]) if row["total_amount"] else Fraction(0)
            refunded[refund["order_id"]] += Fraction(refund["amount"]) * share * rate
    orders = {}
    for order_id, (row, rate) in accepted.items():
        person = person_of(row, persons, "contact_id", "email", "phone", "anonymous_id")
        status = statuses[row["status"]]
        is_conversion = (
            status in ("paid", "shipped", "completed", "returned") and not row["is_test"] and person not in internal
        )
        total, tax, shipping = (
            rounded(Fraction(row[name] or 0) * rate) for name in ("total_amount", "tax_amount", "shipping_amount")
        )
        revenue = total - tax - shipping - rounded(refunded[order_id])
        orders[order_id] = RawOrder(
            row=row,
            status=status,
            person=person,
            rate=rate,
            is_internal=person in internal,
            is_conversion=is_conversion,
            net_revenue=revenue if is_conversion and status != "returned" else 0,
        )
    return orders


def _net(order: Row) -> Decimal:
    return Decimal(order["total_amount"] - (order["tax_amount"] or 0) - (order["shipping_amount"] or 0))


def is_on_scale(row: Row) -> bool:
    """Return whether an answer lies on the scale of its survey."""
    lowest, highest = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}[row["survey_type"].lower()]
    low = lowest if row["scale_min"] is None else row["scale_min"]
    high = highest if row["scale_max"] is None else row["scale_max"]
    return bool(float(low) <= float(row["score"]) <= float(high))


def assert_share(part: int, whole: int, rate: float | None, low: float | None, high: float | None) -> None:
    """Compare a rate and its Wilson interval with a library's."""
    if not whole:
        assert (rate, low, high) == (None, None, None)
        return
    bounds = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert [rate, low, high] == pytest.approx([part / whole, bounds.low, bounds.high], abs=1e-9)
