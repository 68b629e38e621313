"""What tests of pipeline, sales and unit economics share: the orders that count, and how marts are compared."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import duckdb

from tests.support.demo_rows import AS_OF, RawOrder, RawRows
from tests.support.raw_rows import Row, Rules, accepted_rows, local_day, rounded

# dbt_project.yml
WINDOW = timedelta(days=90)
LEAD_ANSWER = timedelta(days=7)
SESSION_TIMEOUT = timedelta(minutes=30)
SESSION_MAX = timedelta(hours=12)
BOTS = re.compile("bot|crawl|spider|slurp|headless|python-requests|curl/|monitoring")

RULES = {
    "crm/activities": Rules(
        key=("activity_id",), required=("activity_id", "activity_type", "occurred_at"), one_of=("contact_id", "email"),
        business_time="occurred_at", times=("occurred_at",), names=("activity_type", "direction"),
    ),
    "crm/deal_changes": Rules(
        key=("change_id",), required=("change_id", "deal_id", "deal_stage", "changed_at"), business_time="changed_at",
        times=("changed_at",), amounts=("amount",), names=("status",),
    ),
    "orders/order_items": Rules(
        key=("order_id", "line_number"), required=("order_id", "line_number", "product_id", "quantity", "unit_price"),
        amounts=("unit_price", "discount_amount", "unit_cost", "quantity"),
    ),
    "orders/products": Rules(
        key=("product_id",), required=("product_id", "product_name"), amounts=("unit_cost",),
    ),
    "marketing/ad_spend": Rules(
        key=(), required=("spend_date", "platform", "cost"), dates=("spend_date",), amounts=("cost",),
    ),
}  # fmt: skip

Marts = duckdb.DuckDBPyConnection
Key = tuple[Any, ...]


def month_of(day: date) -> date:
    return day.replace(day=1)


def months_after(month: date, count: int) -> date:
    months = month.year * 12 + month.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def is_over(month: date, wait: timedelta) -> bool:
    """Return whether this much time has passed since the end of a month."""
    return local_day(AS_OF) - months_after(month, 1) >= wait


def ratio(numerator: float | Fraction, denominator: float | Fraction) -> float | None:
    return float(Fraction(numerator) / Fraction(denominator)) if denominator else None


def wilson(hits: int, trials: int) -> tuple[float | None, float | None]:
    """Return the roots of (rate - p)² = z² p (1 - p) / trials, which are the Wilson score interval at 95 %."""
    if not trials:
        return None, None
    z, rate = 1.959963984540054, hits / trials
    a, b, c = 1 + z * z / trials, -(2 * rate + z * z / trials), rate * rate
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def differences(marts: Marts, query: str, keys: int, expected: Mapping[Key, Iterable[Any]]) -> list[object]:
    """Return the differences between the rows of a query, whose first columns are their key, and the expected ones."""
    actual = {row[:keys]: row[keys:] for row in marts.execute(query).fetchall()}
    different: list[object] = [("missing", key) for key in expected.keys() - actual.keys()]
    different += [("unexpected", key, actual[key]) for key in actual.keys() - expected.keys()]
    for key in actual.keys() & expected.keys():
        of_mart, worked_out = list(actual[key]), list(expected[key])
        same = len(of_mart) == len(worked_out) and all(
            (one is None and other is None)
            or (one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9))
            for one, other in zip(of_mart, worked_out, strict=True)
        )
        if not same:
            different.append((key, of_mart, worked_out))
    return different


def of_table(raw: RawRows, label: str) -> list[Row]:
    return accepted_rows(raw.left(label), RULES[label], AS_OF)


@dataclass(frozen=True)
class Person:
    """The attributes by which persons are grouped."""

    customer_type: str
    persona: str
    first_channel: str
    company: str
    is_internal: bool
    customer_since: datetime | None


@dataclass(frozen=True)
class Line:
    """A line of an order, with amounts in dong."""

    product: str
    category: str
    quantity: Fraction
    amount: int
    cost: int | None
    discount: int


@dataclass(frozen=True)
class Sale:
    """An order that counts, with its lines."""

    order_id: str
    order: RawOrder
    person: str
    at: datetime
    lines: list[Line]

    @property
    def month(self) -> date:
        return month_of(local_day(self.at))

    @property
    def categories(self) -> set[str]:
        return {line.category for line in self.lines} - {"unknown"}

    @property
    def discount(self) -> int:
        given = self.order.row["discount_amount"]
        if given is None:
            return sum(line.discount for line in self.lines)
        return rounded(Fraction(given) * self.order.rate)

    @property
    def net_before_refunds(self) -> int:
        total, tax, shipping = (
            rounded(Fraction(self.order.row[name] or 0) * self.order.rate)
            for name in ("total_amount", "tax_amount", "shipping_amount")
        )
        return total - tax - shipping

    @property
    def covered(self) -> Fraction:
        """The part of net revenue with known cost, before rounding."""
        total = sum(line.amount for line in self.lines)
        known = sum(line.amount for line in self.lines if line.cost is not None)
        return Fraction(self.order.net_revenue * known, total) if total else Fraction(0)

    @property
    def margin(self) -> int | None:
        known = [line for line in self.lines if line.cost is not None]
        amount, cost = sum(line.amount for line in known), sum(line.cost or 0 for line in known)
        return rounded(self.covered * (1 - Fraction(cost, amount))) if amount else None


def groups_of(person: Person) -> tuple[tuple[str, str], ...]:
    return (
        ("all", "all"),
        ("customer_type", person.customer_type),
        ("persona", person.persona),
        ("first_channel", person.first_channel),
    )
