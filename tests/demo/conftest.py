"""The demo company, published once, and the raw rows from which tests recalculate its numbers."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction

import duckdb
import pytest

from tests.support.demo import Demo, built_demo
from tests.support.demo_rows import RawOrder, RawRows, orders_of, raw_rows_of
from tests.support.demo_sales import Line, Marts, Person, Sale, of_table
from tests.support.raw_rows import rounded


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo company as `scripts/build` publishes it. Tests only read it."""
    return built_demo(tmp_path_factory)


@pytest.fixture(scope="session")
def raw(demo: Demo) -> RawRows:
    """The raw rows, without those of the persons who asked to be erased."""
    return raw_rows_of(demo)


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def persons(demo: Demo) -> dict[str, str]:
    """The person of each identifier; nothing else is taken from the warehouse."""
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        rows = connection.execute("select identifier, person_id from intermediate.int_person_identifiers").fetchall()
    return dict(rows)


@pytest.fixture(scope="session")
def orders(raw: RawRows, persons: dict[str, str]) -> dict[str, RawOrder]:
    """Every accepted order by its id."""
    return orders_of(raw, persons)


# orders, persons and touches for the tests of sales, pipeline and unit economics


@pytest.fixture(scope="module")
def people(marts: Marts) -> dict[str, Person]:
    """Every person."""
    rows = marts.execute(
        """
            select person_id, customer_type, persona, first_channel, company_id, is_internal, customer_since
            from marts.dim_persons
        """
    ).fetchall()
    return {row[0]: Person(*row[1:]) for row in rows}


@pytest.fixture(scope="module")
def known_at(marts: Marts) -> Callable[[str, datetime], tuple[str, str]]:
    """Return a person's customer type and first channel as they were known at a moment."""
    history: defaultdict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
    for person, valid_from, customer_type, first_channel in marts.execute(
        "select person_id, valid_from, customer_type, first_channel from marts.dim_persons_history"
        " where valid_from is not null order by valid_from"
    ).fetchall():
        history[person].append((valid_from, customer_type, first_channel))

    def known(person: str, at: datetime) -> tuple[str, str]:
        return [(kind, channel) for valid_from, kind, channel in history[person] if valid_from <= at][-1]

    return known


@pytest.fixture(scope="module")
def company_types(marts: Marts) -> dict[str, str]:
    """The customer type of every company."""
    return dict(marts.execute("select company_id, customer_type from marts.dim_companies").fetchall())


@pytest.fixture(scope="module")
def first_evidence(marts: Marts) -> Callable[[str], dict[str, datetime]]:
    """Return the time of each person's first evidence of a stage."""

    def of_stage(stage: str) -> dict[str, datetime]:
        query = "select person_id, min(entered_at) from marts.fct_stage_evidence where stage = ? group by person_id"
        return dict(marts.execute(query, [stage]).fetchall())

    return of_stage


@pytest.fixture(scope="module")
def touches(marts: Marts) -> dict[str, list[tuple[datetime, str]]]:
    """The attributable touches of each person with their channel, in order."""
    found: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    query = "select person_id, touched_at, channel from marts.fct_touchpoints where is_attributable order by touched_at"
    for person, touched_at, channel in marts.execute(query).fetchall():
        found[person].append((touched_at, channel))
    return found


@pytest.fixture(scope="session")
def sales(raw: RawRows, orders: dict[str, RawOrder]) -> list[Sale]:
    """The orders that count, each person's in order."""
    products = {row["product_id"]: row for row in of_table(raw, "orders/products")}
    lines: defaultdict[str, list[Line]] = defaultdict(list)
    for row in of_table(raw, "orders/order_items"):
        if row["order_id"] not in orders:
            continue
        rate, product = orders[row["order_id"]].rate, products.get(row["product_id"], {})
        quantity, discount = Fraction(row["quantity"]), Fraction(row["discount_amount"] or 0)
        cost = None
        if row["unit_cost"] is not None:
            cost = rounded(quantity * Fraction(row["unit_cost"]) * rate)
        elif product.get("unit_cost") is not None:
            cost = rounded(quantity * Fraction(product["unit_cost"]))
        lines[row["order_id"]].append(
            Line(
                product=row["product_id"],
                category=product.get("category") or "unknown",
                quantity=quantity,
                amount=rounded((quantity * Fraction(row["unit_price"]) - discount) * rate),
                cost=cost,
                discount=rounded(discount * rate),
            )
        )
    found = [
        Sale(order_id, order, order.person or "", order.row["ordered_at"], lines[order_id])
        for order_id, order in orders.items()
        if order.is_conversion
    ]
    # an order without identifiers is a person of its own, known by the order's id
    found = [
        sale if sale.person else Sale(sale.order_id, sale.order, sale.order_id, sale.at, sale.lines) for sale in found
    ]
    assert len(found) > 3000
    return sorted(found, key=lambda sale: (sale.person, sale.at, sale.order_id))


@pytest.fixture(scope="module")
def persons_of_orders(marts: Marts) -> dict[str, str]:
    """The person of each order; for orders without identifiers taken from the marts."""
    return dict(marts.execute("select order_id, person_id from marts.fct_orders").fetchall())
