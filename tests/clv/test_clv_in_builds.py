"""CLV in whole builds: the models are fitted to the orders of the build, and a stored fit is used only for these."""

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from customer_journey.clv import beta_geometric, gamma_gamma, sbg
from customer_journey.clv.beta_geometric import MBG_NBD
from customer_journey.clv.likelihood import Vector
from customer_journey.comparison.compare import compare
from scipy.optimize import minimize
from scipy.special import betaln

from tests.clv.simulate import lifetimes, purchase_days
from tests.support.builds import publish, write_required_tables, write_rows, write_settings
from tests.support.dbt import must_pass, run_dbt, statuses
from tests.support.small_project import make_small_project

AS_OF = date(2026, 6, 30)
CUSTOMERS = 600
SUBSCRIBERS = 400
MRR = 50
UNIT_COST, UNIT_PRICE = 3, 4
# the marts that these tests need, besides those about the build itself
MARTS = ("audit_reconciliation", "kpi_clv", "kpi_clv_backtest", "kpi_clv_model")
# all models that depend on as-of
AGAIN = ("build", "--exclude-resource-type", "unit_test", "--select", "int_clv_windows+")


@pytest.fixture(scope="module")
def histories() -> list[list[tuple[date, int]]]:
    """Days and amounts of each customer's orders."""
    return purchase_days(CUSTOMERS, AS_OF, seed=20260103)


@pytest.fixture(scope="module")
def subscriptions() -> list[tuple[float, float]]:
    """Months of each subscription, and whether it has ended."""
    months, is_ended, _ = lifetimes(SUBSCRIBERS, seed=20260105)
    return list(zip(months, is_ended, strict=True))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The part of the project that CLV needs."""
    return make_small_project(tmp_path_factory.mktemp("clv_project"), MARTS)


@pytest.fixture(scope="module")
def out(
    histories: list[list[tuple[date, int]]],
    subscriptions: list[tuple[float, float]],
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The output folder of a build of a company that has these orders, and subscriptions of others."""
    root = tmp_path_factory.mktemp("clv")
    orders = [
        {
            "order_id": f"{customer}-{number}",
            "email": f"customer{customer}@example.com",
            "status": "paid",
            "ordered_at": f"{day}T10:00:00Z",
            "total_amount": amount,
        }
        for customer, history in enumerate(histories)
        for number, (day, amount) in enumerate(history)
    ]
    write_rows(root / "raw", "orders/orders", orders)
    # only the first order has a cost, so its margin is that of every category
    write_rows(
        root / "raw",
        "orders/order_items",
        [
            {
                "order_id": "0-0",
                "line_number": 1,
                "product_id": "p",
                "quantity": 1,
                "unit_price": UNIT_PRICE,
                "unit_cost": UNIT_COST,
            }
        ],
    )
    changes = []
    for number, (months, is_ended) in enumerate(subscriptions):
        name = f"subscriber{number}"
        # at noon of the day on which a month of the term ends, or ten days after the start of a month
        started = _months_before(AS_OF.replace(day=10), int(months) + (number % 3 if is_ended else 0))
        changes.append((name, "started", MRR, started))
        if is_ended:
            changes.append((name, "cancelled", 0, _months_before(started, -int(months)) - timedelta(days=number % 2)))
    write_rows(
        root / "raw",
        "crm/contacts",
        [{"contact_id": name, "created_at": "2023-01-01"} for name, kind, *_ in changes if kind == "started"],
    )
    write_rows(
        root / "raw",
        "crm/subscription_changes",
        [
            {
                "change_id": f"{name}-{kind}",
                "subscription_id": name,
                "contact_id": name,
                "change_type": kind,
                "mrr": mrr,
                "changed_at": f"{day}T12:00:00Z",
            }
            for name, kind, mrr, day in changes
        ],
    )
    write_required_tables(root / "raw")
    write_settings(root / "raw", {"as_of": f"{AS_OF}T23:00:00Z"})
    publish(root / "raw", root / "out", project=project)
    return root / "out"


def test_models_are_fitted_to_the_orders(histories: list[list[tuple[date, int]]], out: Path) -> None:
    """The fit in a build equals one on statistics that are counted here from the orders.

    The maximum is found by another method, that of Nelder and Mead.
    """
    x, recency, age, mean = [], [], [], []
    for history in histories:
        days = sorted({day for day, _ in history})
        x.append(len(days) - 1)
        recency.append((days[-1] - days[0]).days / 7)
        age.append((AS_OF - days[0]).days / 7)
        mean.append(sum(amount for day, amount in history if day > days[0]) / max(len(days) - 1, 1))
    counted = [np.array(column, dtype=float) for column in (x, recency, age)]
    repeats = counted[0] > 0
    expected = {
        **_maximum(lambda p: MBG_NBD.log_likelihood(p, *counted)[0].sum(), beta_geometric.PARAMETERS, [1, 10, 1, 2]),
        **_maximum(
            lambda p: gamma_gamma.log_likelihood(p, counted[0][repeats], np.array(mean)[repeats])[0].sum(),
            gamma_gamma.PARAMETERS,
            [5, 5, 20],
        ),
    }
    with duckdb.connect(str(out / "journey.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select parameter, value, customers from marts.kpi_clv_model where fit_window = 'all' and model <> 'sbg'"
        ).fetchall()
    assert {name: value for name, value, _ in rows} == pytest.approx(expected, rel=1e-3)
    assert {name: count for name, _, count in rows} == {
        **dict.fromkeys(beta_geometric.PARAMETERS, CUSTOMERS),
        **dict.fromkeys(gamma_gamma.PARAMETERS, int(repeats.sum())),
    }


def _maximum(function: Callable[[Vector], float], names: Sequence[str], start: Sequence[float]) -> dict[str, float]:
    found = minimize(
        lambda logarithms: -function(np.exp(logarithms)),
        np.log(start),
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 20000, "maxfev": 20000},
    )
    return dict(zip(names, np.exp(found.x), strict=True))


def _months_before(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 - months
    return day.replace(year=month // 12, month=month % 12 + 1)


def test_subscriptions_are_worth_the_months_to_expect(subscriptions: list[tuple[float, float]], out: Path) -> None:
    """The value of subscriptions follows from lifetimes that are counted here.

    alpha and beta are found by Nelder and Mead's method; for a subscription renewed n times, the expected months of the
    year are the sum of B(alpha, beta + n + k) / B(alpha, beta + n). Only one order has a cost, so its margin of 1 - 3/4
    is that of the company.
    """
    months, is_ended = (np.array(column) for column in zip(*subscriptions, strict=True))
    expected = _maximum(lambda p: sbg.log_likelihood(p, months, is_ended)[0].sum(), sbg.PARAMETERS, [1, 5])
    with duckdb.connect(str(out / "journey.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select parameter, value, customers from marts.kpi_clv_model where fit_window = 'all' and model = 'sbg'"
        ).fetchall()
        worth = connection.execute(
            "select clv_basis, margin_ratio, predicted_clv_12m from marts.kpi_clv where clv_method = 'contract'"
            " order by predicted_clv_12m"
        ).fetchall()
    assert {name: value for name, value, _ in found} == pytest.approx(expected, rel=1e-3)
    assert {count for *_, count in found} == {SUBSCRIBERS}
    alpha, beta = expected.values()
    values = [
        MRR
        * (1 - UNIT_COST / UNIT_PRICE)
        * sum(np.exp(betaln(alpha, beta + n + k) - betaln(alpha, beta + n)) for k in range(1, 13))
        for n in months[is_ended == 0]
    ]
    assert {(basis, ratio) for basis, ratio, _ in worth} == {("margin", 0.25)}
    assert [value for *_, value in worth] == pytest.approx(sorted(values), rel=1e-3)


def test_every_customer_is_scored(out: Path) -> None:
    """Every customer has a prediction; a missing one would count as worth nothing."""
    with duckdb.connect(str(out / "journey.duckdb"), read_only=True) as connection:
        scored = connection.execute(
            "select count(*), count(p_alive), count(predicted_clv_12m), min(p_alive) > 0, max(p_alive) <= 1,"
            " bool_and(p_alive < 1) from marts.kpi_clv where clv_method = 'mbg_nbd'"
        ).fetchone()
        # the backtest's prediction is within four standard errors of a Poisson sum, which ignores the error of the
        # parameters
        predicted, actual = connection.execute(
            "select sum(predicted_purchases), sum(actual_purchases) from marts.kpi_clv_backtest"
        ).fetchall()[0]
    assert scored == (CUSTOMERS, CUSTOMERS, CUSTOMERS, True, True, True)
    assert abs(predicted - actual) < 4 * np.sqrt(actual) + 0.1 * actual


def test_plain_dbt_uses_the_fit_for_its_own_orders_alone(out: Path, project: Path, tmp_path: Path) -> None:
    """Plain dbt uses the stored fit if the orders are the same, and not if they have changed."""
    warehouse = Path(shutil.copyfile(out / "warehouse.duckdb", tmp_path / "warehouse.duckdb"))

    must_pass(run_dbt(warehouse, tmp_path, *AGAIN, project=project))
    assert compare(out / "journey.duckdb", warehouse)[1] == []

    day_before = json.dumps({"as_of": f"{AS_OF - timedelta(days=1)}T23:00:00Z"})
    must_pass(run_dbt(warehouse, tmp_path, *AGAIN, "--vars", day_before, project=project))
    assert statuses(tmp_path)["clv_is_fitted"] == "warn"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        kept = connection.execute("select count(p_alive), count(predicted_clv_12m) from marts.kpi_clv").fetchone()
        told = connection.execute("select distinct failure from marts.kpi_clv_model").fetchall()
    assert kept == (0, 0)
    assert told == [("not fitted to these orders: build with scripts/build",)]

    must_pass(
        run_dbt(
            warehouse,
            tmp_path,
            *AGAIN,
            "--vars",
            json.dumps({"as_of": f"{AS_OF}T23:00:00Z", "clv_model": "bg_nbd"}),
            project=project,
        )
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        kept = connection.execute("select count(p_alive), count(predicted_clv_12m) from marts.kpi_clv").fetchone()
    assert kept == (0, 0)
