"""The demo's sales and products, recalculated in plain Python.

Orders, lines and views come from the raw files. Persons and touchpoints come from the marts, since other tests check
them.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from statistics import median
from typing import Any

import pytest

from tests.support.demo_rows import RawRows
from tests.support.demo_sales import (
    BOTS,
    SESSION_MAX,
    SESSION_TIMEOUT,
    WINDOW,
    Key,
    Marts,
    Person,
    Sale,
    differences,
    groups_of,
    is_over,
    month_of,
    of_table,
    ratio,
    wilson,
)
from tests.support.raw_rows import Row, local_day, rounded


def test_margin_and_discount_of_every_order(sales: list[Sale], marts: Marts) -> None:
    """Margin, cost coverage and discount of each order, also with costs in other currencies."""
    expected = {
        (sale.order_id,): [sale.order.net_revenue, sale.discount, rounded(sale.covered), sale.margin] for sale in sales
    }
    assert {values[3] is None for values in expected.values()} == {True, False}
    query = """
        select order_id, net_revenue, discount_amount, covered_revenue, margin from marts.fct_orders where is_conversion
    """
    assert differences(marts, query, 1, expected) == []


def test_sales_of_every_month(
    sales: list[Sale],
    persons_of_orders: dict[str, str],
    people: dict[str, Person],
    touches: dict[str, list[tuple[datetime, str]]],
    marts: Marts,
) -> None:
    """Sales of each month: new buyers, cross-sales and revenue per user."""
    histories: defaultdict[str, list[Sale]] = defaultdict(list)
    for sale in sales:
        histories[persons_of_orders[sale.order_id]].append(sale)
    active: defaultdict[date, set[str]] = defaultdict(set)
    for person, of_person in touches.items():
        for touched_at, _ in of_person:
            active[month_of(local_day(touched_at))].add(person)
    groups: defaultdict[Key, dict[str, list[Sale]]] = defaultdict(dict)
    for person, history in histories.items():
        for sale in history:
            active[sale.month].add(person)
            channel = sale.order.row["sales_channel"] or "unknown"
            for dimension, value in (("sales_channel", channel), *groups_of(people[person])):
                groups[dimension, value, sale.month].setdefault(person, []).append(sale)
    active_counts: defaultdict[Key, int] = defaultdict(int)
    for month, of_month in active.items():
        for person in of_month:
            for dimension, value in groups_of(people[person]):
                active_counts[dimension, value, month] += not people[person].is_internal

    expected: dict[Key, list[Any]] = {}
    for key in groups.keys() | {key for key, count in active_counts.items() if count}:
        month, buyers = key[2], groups[key]
        of_group = [sale for of_buyer in buyers.values() for sale in of_buyer]
        with_categories = [sale for sale in of_group if sale.categories]
        repeats = sum(sale is not histories[person][0] for person, bought in buyers.items() for sale in bought)
        returning = [person for person in buyers if histories[person][0].month < month]
        candidates, crossed = 0, 0
        for person, bought in buyers.items():
            had = {category for sale in histories[person] if sale.month < month for category in sale.categories}
            new = {category for sale in bought for category in sale.categories}
            candidates += bool(had and new)
            crossed += bool(had and new - had)
        net = sum(sale.order.net_revenue for sale in of_group)
        discount = sum(sale.discount for sale in of_group)
        gross = sum(sale.net_before_refunds for sale in of_group) + discount
        margins = [sale.margin for sale in of_group if sale.margin is not None]
        covered = sum(rounded(sale.covered) for sale in of_group)
        persons_active = None if key[0] == "sales_channel" else active_counts[key]
        mixed = sum(len(sale.categories) > 1 for sale in of_group)
        expected[key] = [
            len(of_group), len(buyers), persons_active,
            float(sum(line.quantity for sale in of_group for line in sale.lines)),
            gross, discount, ratio(discount, gross), net, ratio(net, len(of_group)), ratio(net, len(buyers)),
            ratio(net, persons_active or 0), len(buyers) - len(returning), len(returning), repeats,
            ratio(repeats, len(of_group)), *wilson(repeats, len(of_group)), len(with_categories), mixed,
            ratio(mixed, len(with_categories)), candidates, crossed, ratio(crossed, candidates),
            *wilson(crossed, candidates), covered, sum(margins) if margins else None,
            ratio(sum(margins), covered) if margins else None, ratio(covered, net),
        ]  # fmt: skip
    assert {key[0] for key in expected} == {"all", "sales_channel", "customer_type", "persona", "first_channel"}
    query = """
        select dimension, dimension_value, month_start, orders, buyers, active_persons, quantity,
        gross_revenue, discount_amount, discount_share, net_revenue, average_order_value, revenue_per_buyer,
        arpu, new_buyers, returning_buyers, repeat_orders, repeat_order_share, repeat_order_share_low,
        repeat_order_share_high, categorised_orders, multi_category_orders, multi_category_share,
        cross_sell_candidates, cross_sell_buyers, cross_sell_rate, cross_sell_rate_low, cross_sell_rate_high,
        covered_revenue, margin, margin_rate, cost_coverage from marts.kpi_sales
    """
    assert differences(marts, query, 3, expected) == []


# Products


@dataclass(frozen=True)
class Visit:
    """Products viewed in a session: product -> first seen, views, times added to the cart."""

    person: str
    products: dict[str, tuple[datetime, int, int]]


@pytest.fixture(scope="module")
def visits(raw: RawRows, persons: dict[str, str], people: dict[str, Person]) -> list[Visit]:
    """The sessions of humans who viewed products."""
    by_cookie: defaultdict[str, list[Row]] = defaultdict(list)
    for event in raw.accepted("web/events"):
        by_cookie[event["anonymous_id"]].append(event)
    found = []
    for cookie, events in by_cookie.items():
        events.sort(key=lambda event: (event["occurred_at"], event["event_id"]))
        start = 0
        for position in range(1, len(events) + 1):
            is_last = position == len(events)
            if not is_last and events[position]["occurred_at"] - events[position - 1]["occurred_at"] <= SESSION_TIMEOUT:
                continue
            session, start = events[start:position], position
            is_bot = BOTS.search((session[0]["user_agent"] or "").lower())
            person = persons[f"anonymous_id:{cookie}"]
            is_endless = session[-1]["occurred_at"] - session[0]["occurred_at"] > SESSION_MAX
            if is_bot or is_endless or people[person].is_internal:
                continue
            products: dict[str, tuple[datetime, int, int]] = {}
            for event in session:
                if event["product_id"] and event["event_name"] in ("product_view", "add_to_cart"):
                    at, views, carts = products.get(event["product_id"], (event["occurred_at"], 0, 0))
                    is_view = event["event_name"] == "product_view"
                    products[event["product_id"]] = (at, views + is_view, carts + (not is_view))
            if products:
                found.append(Visit(person, products))
    return found


def test_products_of_every_month(
    raw: RawRows, visits: list[Visit], sales: list[Sale], persons_of_orders: dict[str, str], marts: Marts
) -> None:
    """Product KPIs of each month: only views by humans before the order count."""
    categories = {row["product_id"]: row["category"] or "unknown" for row in of_table(raw, "orders/products")}

    def keys(product: str) -> tuple[Key, ...]:
        return ("all", "all"), ("category", categories.get(product, "unknown")), ("product", product)

    # per value: sessions as (first seen, person, views, carts), orders as (at, person, quantity, revenue)
    seen_as: defaultdict[Key, list[tuple[datetime, str, int, int]]] = defaultdict(list)
    for visit in visits:
        merged: dict[Key, tuple[datetime, int, int]] = {}
        for product, (at, views, carts) in visit.products.items():
            for key in keys(product):
                first, some, others = merged.get(key, (at, 0, 0))
                merged[key] = (min(first, at), some + views, others + carts)
        for key, (at, views, carts) in merged.items():
            seen_as[key].append((at, visit.person, views, carts))
    ordered_as: defaultdict[Key, list[tuple[datetime, str, Fraction, int]]] = defaultdict(list)
    for sale in sales:
        quantities: defaultdict[Key, Fraction] = defaultdict(Fraction)
        revenues: defaultdict[Key, int] = defaultdict(int)
        for line in sale.lines:
            for key in keys(line.product):
                quantities[key] += line.quantity
                revenues[key] += 0 if sale.order.status == "returned" else line.amount
        for key, quantity in quantities.items():
            ordered_as[key].append((sale.at, persons_of_orders[sale.order_id], quantity, revenues[key]))

    expected: dict[Key, list[Any]] = {}
    for key in seen_as.keys() | ordered_as.keys():
        orders_of_person: defaultdict[str, list[datetime]] = defaultdict(list)
        for at, person, _, _ in sorted(ordered_as[key]):
            orders_of_person[person].append(at)
        views_of_person: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
        for at, person, views, _ in seen_as[key]:
            views_of_person[person].append((at, views))
        months = {month_of(local_day(row[0])) for row in (*seen_as[key], *ordered_as[key])}
        for month in months:
            looked = [row for row in seen_as[key] if month_of(local_day(row[0])) == month]
            bought = [row for row in ordered_as[key] if month_of(local_day(row[0])) == month]
            first_views: dict[str, datetime] = {}
            for at, person, views, _ in sorted(looked):
                if views:
                    first_views.setdefault(person, at)
            ordering = sum(
                any(at <= order <= at + WINDOW for order in orders_of_person.get(person, []))
                for person, at in first_views.items()
            )
            new = [
                person for person, of_person in orders_of_person.items() if month_of(local_day(of_person[0])) == month
            ]
            before = [
                sum(views for at, views in views_of_person[person] if at <= orders_of_person[person][0])
                for person in new
            ]
            viewed = [views for views in before if views]
            rates = [ratio(ordering, len(first_views)), *wilson(ordering, len(first_views))]
            expected[*key, month] = [
                sum(views for _, _, views, _ in looked), sum(views > 0 for _, _, views, _ in looked), len(first_views),
                sum(carts > 0 for *_, carts in looked), len(bought), len({person for _, person, _, _ in bought}),
                float(sum(quantity for _, _, quantity, _ in bought)), sum(revenue for *_, revenue in bought), ordering,
                *(rates if is_over(month, WINDOW) else [None] * 3), len(new), len(viewed),
                median(viewed) if viewed else None,
            ]  # fmt: skip
    assert len(expected) > 300
    query = """
        select dimension, dimension_value, month_start, views, viewing_sessions, viewers, cart_sessions,
        orders, buyers, quantity, revenue, viewers_who_ordered, view_to_order_rate, view_to_order_low,
        view_to_order_high, first_buyers, first_buyers_who_viewed, median_views_before_order from
        marts.kpi_products
    """
    assert differences(marts, query, 3, expected) == []
