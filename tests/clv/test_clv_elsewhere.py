"""CLV of a company in another time zone and a currency without decimals, from the raw rows to each customer's value.

Everything is worked out here in plain Python from the contract: local days, rates, refunds, margins by category,
lifetimes of subscriptions. Purchases are predicted by integrals over the dropout probability, not by the closed form.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss
from scipy.optimize import minimize
from scipy.special import beta as beta_function
from scipy.special import betaln, gammaln

from tests.clv.simulate import lifetimes, purchase_days
from tests.support.builds import publish, write_required_tables, write_rows, write_settings
from tests.support.raw_rows import rounded
from tests.support.small_project import make_small_project

ZONE = ZoneInfo("Pacific/Auckland")
# 1 July 01:00 in Auckland, still 30 June in UTC
AS_OF = datetime(2026, 6, 30, 13, tzinfo=UTC)
LAST_DAY = date(2026, 7, 1)
CUSTOMERS, SUBSCRIBERS = 500, 200
CATEGORIES = {"tea": 0.4, "cups": 0.7, "courses": 0.2}
MARTS = ("audit_reconciliation", "kpi_clv", "kpi_clv_model")

Raw = dict[str, Any]
Vector = Any


@dataclass
class Company:
    """The raw rows of the company."""

    orders: list[Raw] = field(default_factory=list)
    items: list[Raw] = field(default_factory=list)
    refunds: list[Raw] = field(default_factory=list)
    changes: list[Raw] = field(default_factory=list)
    contacts: list[Raw] = field(default_factory=list)
    rates: list[Raw] = field(default_factory=list)


def _at(day: date, chance: random.Random) -> str:
    # near midnight, where the day is another in UTC
    local = time(chance.choice((0, 9, 12, 23)), chance.randrange(60))
    return datetime.combine(day, local, ZONE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _months_before(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 - months
    return date(month // 12, month % 12 + 1, min(day.day, 28))


@pytest.fixture(scope="module")
def company() -> Company:
    """A company with orders in two currencies, refunds, tax, tests, and subscribers who also order."""
    chance = random.Random(20260701)
    made = Company()
    made.rates = [
        {"rate_date": day, "currency": "AUD", "rate_to_reporting": rate}
        for day, rate in (("2023-01-01", "91.37"), ("2025-03-01", "98.05"), ("2026-02-01", "102.4"))
    ]
    histories = purchase_days(CUSTOMERS, LAST_DAY - timedelta(days=1), seed=20260702)
    for customer, history in enumerate(histories):
        made.contacts.append({"contact_id": f"c{customer}", "created_at": "2023-06-01T00:00:00Z"})
        for number, (day, amount) in enumerate(history):
            _add_order(made, chance, f"c{customer}", f"o{customer}-{number}", day, amount)
    months, is_ended, _ = lifetimes(SUBSCRIBERS, seed=20260703)
    for number, (length, has_ended) in enumerate(zip(months, is_ended, strict=True)):
        subscriber = f"s{number}"
        made.contacts.append({"contact_id": subscriber, "created_at": "2021-01-01T00:00:00Z"})
        begun = _months_before(LAST_DAY.replace(day=10), int(length) + 1 + (number % 3 if has_ended else 0))
        rows = [("started", chance.choice((1500, 3200)), begun)]
        if has_ended:
            rows.append(("cancelled", 0, _months_before(begun, -int(length))))
        elif number % 4 == 0 and length > 2:
            rows.append(("upgraded", 5000, _months_before(begun, -1)))
        for place, (kind, mrr, day) in enumerate(rows):
            made.changes.append(
                {
                    "change_id": f"{subscriber}-{place}",
                    "subscription_id": f"sub{number}",
                    "contact_id": subscriber,
                    "change_type": kind,
                    "mrr": mrr,
                    "changed_at": _at(day, chance),
                }
            )
        if number % 5 == 0:
            # the subscription's own order, which a running subscription already counts, and one beside it
            _add_order(made, chance, subscriber, f"so{number}", begun + timedelta(days=3), 40, f"sub{number}")
            _add_order(made, chance, subscriber, f"sx{number}", begun + timedelta(days=20), 30)
    return made


def _add_order(
    made: Company,
    chance: random.Random,
    contact: str,
    order: str,
    day: date,
    amount: int,
    subscription: str | None = None,
) -> None:
    currency = chance.choice((None, None, "JPY", "AUD"))
    total = str(amount * 100) if currency != "AUD" else f"{amount}.{chance.randrange(10, 99)}"
    made.orders.append(
        {
            "order_id": order,
            "contact_id": contact,
            "subscription_id": subscription,
            "ordered_at": _at(day, chance),
            "status": chance.choices(("paid", "completed", "cancelled", "pending"), (45, 45, 5, 5))[0],
            "currency": currency,
            "total_amount": total,
            "tax_amount": str(amount * 9) if currency != "AUD" and chance.random() < 0.5 else None,
            "shipping_amount": "1.5" if currency == "AUD" else chance.choice((None, "7")),
            "is_test": chance.random() < 0.03,
        }
    )
    for line in range(chance.randrange(3)):
        category = chance.choice(list(CATEGORIES))
        price = chance.randrange(20, 400)
        made.items.append(
            {
                "order_id": order,
                "line_number": line,
                "product_id": f"p-{category}",
                "quantity": chance.randrange(1, 4),
                "unit_price": price,
                "unit_cost": round(price * CATEGORIES[category], 2) if chance.random() < 0.6 else None,
            }
        )
    if chance.random() < 0.08:
        made.refunds.append(
            {
                "refund_id": f"r-{order}",
                "order_id": order,
                "refunded_at": _at(day + timedelta(days=1), chance),
                "amount": str(amount * chance.choice((10, 60))) if currency != "AUD" else str(amount // 2),
            }
        )


@pytest.fixture(scope="module")
def out(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of the company's build."""
    root = tmp_path_factory.mktemp("elsewhere")
    raw = root / "raw"
    write_rows(raw, "crm/contacts", company.contacts)
    write_rows(raw, "crm/subscription_changes", company.changes)
    write_rows(raw, "orders/orders", company.orders)
    write_rows(raw, "orders/order_items", company.items)
    write_rows(raw, "orders/refunds", company.refunds)
    write_rows(raw, "finance/exchange_rates", company.rates)
    write_rows(
        raw,
        "orders/products",
        [{"product_id": f"p-{name}", "product_name": name, "category": name} for name in CATEGORIES],
    )
    write_required_tables(raw)
    write_settings(
        raw,
        {
            "as_of": AS_OF.isoformat(),
            "reporting_timezone": ZONE.key,
            "reporting_currency": "JPY",
            "currency_decimals": 0,
        },
    )
    publish(raw, root / "out", project=make_small_project(root / "project", MARTS))
    return root / "out"


# The company in plain Python


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str) -> date:
    return _time(text).astimezone(ZONE).date()


def _rate(company: Company, currency: str | None, day: date) -> Fraction:
    if currency != "AUD":
        return Fraction(1)
    return Fraction(next(r["rate_to_reporting"] for r in reversed(company.rates) if r["rate_date"] <= day.isoformat()))


@dataclass
class Order:
    """An order that counts."""

    row: Raw
    day: date
    rate: Fraction
    net: int


@dataclass
class Known:
    """What the contract says of a customer before any model."""

    orders: list[Order] = field(default_factory=list)
    mrr: int = 0
    months: int = 0
    is_subscribed: bool = False

    @property
    def purchases(self) -> dict[date, int]:
        """Revenue by day, without the orders of a running subscription."""
        found: defaultdict[date, int] = defaultdict(int)
        for order in self.orders:
            if not (self.is_subscribed and order.row["subscription_id"]):
                found[order.day] += order.net
        return dict(sorted(found.items()))


def _orders(company: Company) -> list[Order]:
    refunds = {row["order_id"]: row for row in company.refunds if _time(row["refunded_at"]) <= AS_OF}
    found = []
    for row in company.orders:
        if row["status"] in ("cancelled", "pending") or row["is_test"] or _time(row["ordered_at"]) > AS_OF:
            continue
        day = _day(row["ordered_at"])
        rate = _rate(company, row["currency"], day)
        amounts = [Fraction(row[name] or 0) for name in ("total_amount", "tax_amount", "shipping_amount")]
        net = rounded(amounts[0] * rate) - rounded(amounts[1] * rate) - rounded(amounts[2] * rate)
        if row["order_id"] in refunds:
            share = (amounts[0] - amounts[1] - amounts[2]) / amounts[0]
            net -= rounded(Fraction(refunds[row["order_id"]]["amount"]) * rate * share)
        found.append(Order(row, day, rate, net))
    return found


def _full_months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


@pytest.fixture(scope="module")
def known(company: Company) -> dict[str, Known]:
    """Every customer."""
    found: defaultdict[str, Known] = defaultdict(Known)
    for order in _orders(company):
        found[order.row["contact_id"]].orders.append(order)
    for row in company.changes:
        customer = found[row["contact_id"]]
        customer.mrr = row["mrr"]
        customer.is_subscribed = row["mrr"] > 0
        if row["change_type"] == "started":
            customer.months = _full_months(_day(row["changed_at"]), LAST_DAY)
    return dict(found)


@pytest.fixture(scope="module")
def survival(company: Company) -> tuple[Vector, Vector]:
    """The months of each subscription, and whether it has ended."""
    months, is_ended = [], []
    for row in company.changes:
        day = _day(row["changed_at"])
        if row["change_type"] == "started":
            months.append(_full_months(day, LAST_DAY))
            is_ended.append(0)
            begun = day
        elif row["change_type"] == "cancelled":
            full = _full_months(begun, day)
            is_whole = _full_months(begun, day - timedelta(days=1)) < full
            months[-1], is_ended[-1] = max(1, full if is_whole else full + 1), 1
    return np.array(months, dtype=float), np.array(is_ended, dtype=float)


@pytest.fixture(scope="module")
def margins(company: Company, known: dict[str, Known]) -> Callable[[str], float]:
    """Return a customer's margin ratio: that of the categories bought, drawn to the company's by unknown costs."""
    lines: defaultdict[str, list[Raw]] = defaultdict(list)
    for row in company.items:
        lines[row["order_id"]].append(row)
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    bought: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for name, customer in known.items():
        for order in customer.orders:
            if order.net <= 0:
                continue
            of_order = lines[order.row["order_id"]]
            amounts = [rounded(Fraction(row["quantity"]) * row["unit_price"] * order.rate) for row in of_order]
            if not of_order:
                sums["unknown"][0] += order.net
                bought[name]["unknown"] += order.net
            for row, amount in zip(of_order, amounts, strict=True):
                category = row["product_id"].removeprefix("p-")
                revenue = order.net * amount / sum(amounts)
                sums[category][0] += revenue
                bought[name][category] += revenue
                if row["unit_cost"] is not None:
                    cost = rounded(row["quantity"] * Fraction(str(row["unit_cost"])) * order.rate)
                    sums[category][1] += revenue
                    sums[category][2] += order.net * (amount - cost) / sum(amounts)
    overall = sum(margin for *_, margin in sums.values()) / sum(covered for _, covered, _ in sums.values())
    ratios = {
        category: overall + covered / revenue * ((margin / covered if covered else overall) - overall)
        for category, (revenue, covered, margin) in sums.items()
    }

    def ratio(name: str) -> float:
        categories = bought[name]
        if not categories:
            return overall
        return sum(ratios[category] * value for category, value in categories.items()) / sum(categories.values())

    return ratio


# The models, from the papers


def _mbg_log_likelihood(parameters: Sequence[float], x: Vector, recency: Vector, age: Vector) -> Vector:
    """Batislam et al. 2007: a customer may be lost after each purchase, the first included."""
    r, alpha, a, b = parameters
    alive = betaln(a, b + x + 1) - betaln(a, b) - (r + x) * np.log(alpha + age)
    lost = betaln(a + 1, b + x) - betaln(a, b) - (r + x) * np.log(alpha + recency)
    return gammaln(r + x) - gammaln(r) + r * np.log(alpha) + np.logaddexp(alive, lost)


def _gamma_gamma_log_likelihood(parameters: Sequence[float], x: Vector, mean: Vector) -> Vector:
    """Fader and Hardie 2013, equation 1a."""
    p, q, v = parameters
    return (
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q)
        + q * np.log(v) + (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(v + x * mean)
    )  # fmt: skip


def _sbg_log_likelihood(parameters: Sequence[float], months: Vector, is_ended: Vector) -> Vector:
    """Fader and Hardie 2007: lost in a month, or renewed so many times."""
    alpha, beta = parameters
    return np.where(
        is_ended > 0,
        betaln(alpha + 1, beta + months - 1) - betaln(alpha, beta),
        betaln(alpha, beta + months) - betaln(alpha, beta),
    )


def _maximum(function: Callable[[Vector], float], start: Sequence[float]) -> list[float]:
    found = minimize(
        lambda logarithms: -function(np.exp(logarithms)),
        np.log(start),
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 40000, "maxfev": 40000},
    )
    return [float(value) for value in np.exp(found.x)]


_POINTS, _WEIGHTS = leggauss(400)


def _expected_purchases(parameters: Sequence[float], x: int, recency: float, age: float) -> tuple[float, float]:
    """Return the probability to be active and the purchases expected in 52 weeks.

    Given that a customer is active, the rate has a gamma and the dropout probability p a beta distribution; at a rate
    l, (1 - exp(-l p t)) / p purchases are expected in a time t.
    """
    r, alpha, a, b = parameters
    is_alive = 1 / (1 + a / (b + x) * ((alpha + age) / (alpha + recency)) ** (r + x))
    # p = u^4, so that the density has no pole at 0
    u = (_POINTS + 1) / 2
    p = u**4
    density = p ** (a - 1) * (1 - p) ** (b + x) / beta_function(a, b + x + 1) * 4 * u**3
    given = (1 - ((alpha + age) / (alpha + age + p * 52)) ** (r + x)) / p
    return is_alive, is_alive * float(np.sum(_WEIGHTS / 2 * density * given))


@pytest.fixture(scope="module")
def statistics(known: dict[str, Known]) -> dict[str, tuple[int, float, float, float]]:
    """Frequency, weeks from first to last purchase, age in weeks, and mean value of a repeat day, of each buyer."""
    found = {}
    for name, customer in known.items():
        days = customer.purchases
        if days:
            first, *later = days
            mean = sum(days[day] for day in later) / len(later) if later else 0.0
            found[name] = (len(later), (max(days) - first).days / 7, (LAST_DAY - first).days / 7, mean)
    return found


def _published(out: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(out / "journey.duckdb"), read_only=True) as connection:
        connection.execute(f"attach '{out / 'warehouse.duckdb'}' as warehouse (read_only)")
        return connection.execute(query).fetchall()


def test_the_models_are_fitted_to_local_days(
    out: Path,
    known: dict[str, Known],
    statistics: dict[str, tuple[int, float, float, float]],
    survival: tuple[Vector, Vector],
) -> None:
    """Parameters, likelihoods and numbers of customers, found by the method of Nelder and Mead."""
    columns = [row for name, row in statistics.items() if not known[name].is_subscribed]
    x, recency, age, mean = (np.array(column, dtype=float) for column in zip(*columns, strict=True))
    valued = (x > 0) & (mean > 0)
    fits: dict[str, tuple[Callable[[Vector], float], list[float], int]] = {
        "mbg_nbd": (lambda p: float(_mbg_log_likelihood(p, x, recency, age).sum()), [1, 10, 1, 2], len(x)),
        "gamma_gamma": (
            lambda p: float(_gamma_gamma_log_likelihood(p, x[valued], mean[valued]).sum()),
            [5, 5, 2000],
            int(valued.sum()),
        ),
        "sbg": (lambda p: float(_sbg_log_likelihood(p, *survival).sum()), [1, 5], SUBSCRIBERS),
    }
    rows = _published(
        out,
        "select model, parameter, value, log_likelihood, customers from marts.kpi_clv_model where fit_window = 'all'",
    )
    for model, (function, start, customers) in fits.items():
        names = {"mbg_nbd": "r alpha a b", "gamma_gamma": "p q v", "sbg": "alpha beta"}[model].split()
        found = {name: (value, best, count) for of, name, value, best, count in rows if of == model}
        expected = _maximum(function, start)
        assert [found[name][0] for name in names] == pytest.approx(expected, rel=2e-3), model
        assert {count for *_, count in found.values()} == {customers}, model
        (likelihood,) = {best for _, best, _ in found.values()}
        assert likelihood == pytest.approx(function(np.array([found[name][0] for name in names])), rel=1e-9), model
        # no point is more likely than the published one
        assert likelihood >= function(np.array(expected)) - 1e-6, model


def test_every_customer_is_worth_what_the_contract_says(
    out: Path,
    known: dict[str, Known],
    statistics: dict[str, tuple[int, float, float, float]],
    margins: Callable[[str], float],
) -> None:
    """History, probability to be active, purchases, value of a day, contract and CLV of each customer."""
    parameters = {
        (model, name): value
        for model, name, value in _published(
            out, "select model, parameter, value from marts.kpi_clv_model where fit_window = 'all'"
        )
    }
    purchases = [parameters["mbg_nbd", name] for name in ("r", "alpha", "a", "b")]
    p, q, v = (parameters["gamma_gamma", name] for name in ("p", "q", "v"))
    alpha, beta = parameters["sbg", "alpha"], parameters["sbg", "beta"]
    rows = {
        row[0]: row[1:]
        for row in _published(
            out,
            """
                select identifiers.identifier_value, clv_method, orders, historical_revenue, margin_ratio, p_alive,
                    predicted_purchases_12m, expected_value_per_purchase_day, mrr, cast(contract_revenue_12m as double),
                    predicted_clv_12m
                from marts.kpi_clv
                inner join warehouse.intermediate.int_person_identifiers as identifiers
                    on kpi_clv.person_id = identifiers.person_id and identifiers.identifier_type = 'contact_id'
            """,
        )
    }
    customers = {name for name, customer in known.items() if customer.orders or customer.months or customer.mrr}
    assert customers <= rows.keys()
    methods = set()
    for name in customers:
        customer = known[name]
        method, orders, revenue, ratio, p_alive, expected, value, mrr, contract, clv = rows[name]
        methods.add(method)
        assert (orders, revenue) == (len(customer.orders), sum(order.net for order in customer.orders)), name
        assert ratio == pytest.approx(margins(name), rel=1e-6), name
        from_orders = 0.0
        if name in statistics:
            x, recency, age, mean = statistics[name]
            is_alive, purchases_expected = _expected_purchases(purchases, x, recency, age)
            days = x if mean > 0 else 0
            of_day = p * (v + days * mean) / (p * days + q - 1)
            assert (p_alive, expected, value) == pytest.approx((is_alive, purchases_expected, of_day), rel=1e-6), name
            from_orders = purchases_expected * of_day
        if customer.is_subscribed:
            months = sum(
                np.exp(betaln(alpha, beta + customer.months + k) - betaln(alpha, beta + customer.months))
                for k in range(1, 13)
            )
            assert (method, mrr) == ("contract", customer.mrr), name
            # published to the yen's ten-thousandth
            assert contract == pytest.approx(customer.mrr * months, abs=1e-3), name
            assert clv == pytest.approx(ratio * (customer.mrr * months + from_orders), rel=1e-6), name
        elif name in statistics:
            assert (method, mrr, contract) == ("mbg_nbd", 0, None), name
            assert clv == pytest.approx(ratio * from_orders, rel=1e-6), name
    assert methods >= {"contract", "mbg_nbd"}
    assert len(customers) > 500
