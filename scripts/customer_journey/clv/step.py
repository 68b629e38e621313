"""The build step that fits the CLV models: it reads statistics that dbt built and writes scores that dbt joins."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from customer_journey.clv import beta_geometric, gamma_gamma, sbg
from customer_journey.clv.beta_geometric import BetaGeometric
from customer_journey.clv.likelihood import Fit, FitError, Vector

PARAMETERS_TABLE, SCORES_TABLE, CONTRACTS_TABLE = "clv_parameters", "clv_scores", "clv_contract_scores"
# the model with the input of the fit; a project without it has no CLV
INPUTS = "int_clv_inputs"
# The dbt selection of everything downstream of the fit, which dbt builds after it.
AFTER_FIT = tuple(
    f"source:customer_journey.private.{table}+" for table in (PARAMETERS_TABLE, SCORES_TABLE, CONTRACTS_TABLE)
)

_DAYS_A_WEEK = 7
_WEEKS_A_YEAR = 52
_MONTHS_A_YEAR = 12
_PARAMETERS = pa.schema([
    ("fit_window", pa.string()), ("input_hash", pa.string()), ("as_of", pa.timestamp("us")), ("model", pa.string()),
    ("parameter", pa.string()), ("value", pa.float64()), ("log_likelihood", pa.float64()), ("customers", pa.int64()),
    ("is_at_edge", pa.bool_()), ("failure", pa.string()),
])  # fmt: skip
_SCORES = pa.schema([
    ("fit_window", pa.string()), ("input_hash", pa.string()), ("as_of", pa.timestamp("us")),
    ("frequency", pa.int64()), ("recency_days", pa.int64()), ("age_days", pa.int64()),
    ("p_alive", pa.float64()), ("predicted_purchases", pa.float64()), ("discounted_purchases", pa.float64()),
])  # fmt: skip
_CONTRACTS = pa.schema([
    ("fit_window", pa.string()), ("input_hash", pa.string()), ("as_of", pa.timestamp("us")),
    ("lifetime_months", pa.int64()), ("discounted_months", pa.float64()),
])  # fmt: skip

Query = Callable[[str], Sequence[tuple[Any, ...]]]


@dataclass(frozen=True)
class _Window:
    name: str
    input_hash: str
    as_of: Any
    weeks_ahead: int
    min_customers: int
    discount_rate: float
    purchase_model: str


def fit_clv(query: Query, on_progress: Callable[[str, float], None]) -> dict[str, pa.Table]:
    """Fit the models to each window of `int_clv_inputs` and score its customers and subscriptions.

    `query` runs SQL on the models. Returns the tables of the schema `private` by name: parameters (for a failed fit,
    the reason instead of values), and the scores of each group of customers or subscriptions with equal statistics.
    """
    windows = [
        _Window(*row)
        for row in query(
            "select fit_window, input_hash, as_of, weeks_ahead, min_customers, discount_rate, purchase_model"
            f" from intermediate.{INPUTS} order by fit_window"
        )
    ]
    statistics = _by_window(
        query,
        "frequency, recency_days, age_days, count(case when is_fitted then 1 end)",
        "from intermediate.int_clv_customers group by fit_window, frequency, recency_days, age_days",
    )
    values = _by_window(
        query,
        "frequency, revenue_per_repeat_day, count(*)",
        "from intermediate.int_clv_customers where is_fitted and frequency > 0 and revenue_per_repeat_day > 0"
        " group by fit_window, frequency, revenue_per_repeat_day",
    )
    lifetimes = _by_window(
        query,
        "lifetime_months, cast(is_ended as int), count(*)",
        "from intermediate.int_clv_subscriptions where is_first_of_lifetime"
        " group by fit_window, lifetime_months, is_ended",
    )
    running = _by_window(
        query,
        "lifetime_months",
        "from intermediate.int_clv_subscriptions where mrr > 0 group by fit_window, lifetime_months",
    )
    parameters, scores, contracts = ([schema.empty_table()] for schema in (_PARAMETERS, _SCORES, _CONTRACTS))
    for number, window in enumerate(windows):
        model = beta_geometric.MODELS[window.purchase_model]
        on_progress(f"{model.name}, {window.name}", number / len(windows))
        groups = _columns(statistics[window.name], 4)
        purchases = _attempt(partial(_fit_purchases, model, groups, window.min_customers))
        parameters.append(_parameters(window, model.name, beta_geometric.PARAMETERS, purchases))
        if isinstance(purchases, Fit):
            scores.append(_scores(window, model, purchases, groups))
        on_progress(f"gamma_gamma, {window.name}", (number + 1 / 3) / len(windows))
        value = _attempt(partial(_fit_values, _columns(values[window.name], 3), window.min_customers))
        parameters.append(_parameters(window, "gamma_gamma", gamma_gamma.PARAMETERS, value))
        on_progress(f"sbg, {window.name}", (number + 2 / 3) / len(windows))
        ended = _columns(lifetimes[window.name], 3)
        survival = _attempt(partial(_fit_lifetimes, ended, window.min_customers))
        parameters.append(_parameters(window, "sbg", sbg.PARAMETERS, survival))
        contracts.append(_contracts(window, survival, ended, _columns(running[window.name], 1)[0]))
    return {
        PARAMETERS_TABLE: pa.concat_tables(parameters),
        SCORES_TABLE: pa.concat_tables(scores),
        CONTRACTS_TABLE: pa.concat_tables(contracts),
    }


def _fit_purchases(model: BetaGeometric, groups: Sequence[Vector], min_customers: int) -> Fit:
    # fit without customers who have a running subscription (they are scored, but the model does not describe them)
    frequency, recency_days, age_days, customers = (column[groups[3] > 0] for column in groups)
    return model.fit(frequency, recency_days / _DAYS_A_WEEK, age_days / _DAYS_A_WEEK, customers, min_customers)


def _fit_values(groups: Sequence[Vector], min_customers: int) -> Fit:
    days, mean_value, customers = groups
    return gamma_gamma.fit(days, mean_value, customers, min_customers)


def _fit_lifetimes(groups: Sequence[Vector], min_customers: int) -> Fit:
    months, is_ended, subscriptions = groups
    return sbg.fit(months, is_ended, subscriptions, min_customers)


def _attempt(fit: Callable[[], Fit]) -> Fit | str:
    try:
        return fit()
    except FitError as error:
        return str(error)


def _by_window(query: Query, columns: str, source: str) -> dict[str, list[Sequence[Any]]]:
    # one query for all windows: opening the warehouse takes longer than the rest
    rows: dict[str, list[Sequence[Any]]] = defaultdict(list)
    for window, *row in sorted(query(f"select fit_window, {columns} {source}")):
        rows[window].append(row)
    return rows


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[Vector]:
    return list(np.array(rows, dtype=np.float64).reshape(-1, width).T)


def _parameters(window: _Window, model: str, names: Sequence[str], fitted: Fit | str) -> pa.Table:
    rows = [
        {
            "fit_window": window.name,
            "input_hash": window.input_hash,
            "as_of": window.as_of,
            "model": model,
            "parameter": name,
            "value": fitted.parameters[name] if isinstance(fitted, Fit) else None,
            "log_likelihood": fitted.log_likelihood if isinstance(fitted, Fit) else None,
            "customers": fitted.customers if isinstance(fitted, Fit) else None,
            "is_at_edge": fitted.at_edge if isinstance(fitted, Fit) else None,
            "failure": None if isinstance(fitted, Fit) else fitted,
        }
        for name in names
    ]
    return pa.Table.from_pylist(rows, _PARAMETERS)


def _scores(window: _Window, model: BetaGeometric, fitted: Fit, groups: Sequence[Vector]) -> pa.Table:
    frequency, recency_days, age_days, _ = groups
    recency, age = recency_days / _DAYS_A_WEEK, age_days / _DAYS_A_WEEK
    purchases = model.expected_purchases(fitted, window.weeks_ahead, frequency, recency, age)
    discounted = purchases
    if window.discount_rate:
        discounted, before = np.zeros_like(purchases), np.zeros_like(purchases)
        for week in range(1, window.weeks_ahead + 1):
            until = model.expected_purchases(fitted, week, frequency, recency, age)
            discounted += (until - before) / (1 + window.discount_rate) ** (week / _WEEKS_A_YEAR)
            before = until
    size = len(frequency)
    return pa.Table.from_arrays(
        [
            pa.array([window.name] * size, pa.string()),
            pa.array([window.input_hash] * size, pa.string()),
            pa.array([window.as_of] * size, pa.timestamp("us")),
            *(pa.array(column.astype(np.int64)) for column in (frequency, recency_days, age_days)),
            *(pa.array(column) for column in (model.p_alive(fitted, frequency, recency, age), purchases, discounted)),
        ],
        schema=_SCORES,
    )


def _contracts(window: _Window, fitted: Fit | str, lifetimes: Sequence[Vector], running: Vector) -> pa.Table:
    if isinstance(fitted, Fit):
        renewed = sbg.renewals(fitted, running, _MONTHS_A_YEAR)
    else:
        renewed = np.full((_MONTHS_A_YEAR, len(running)), sbg.renewal_share(*lifetimes))
    size = len(running)
    return pa.Table.from_arrays(
        [
            pa.array([window.name] * size, pa.string()),
            pa.array([window.input_hash] * size, pa.string()),
            pa.array([window.as_of] * size, pa.timestamp("us")),
            pa.array(running.astype(np.int64)),
            pa.array(sbg.expected_months(renewed, window.discount_rate)),
        ],
        schema=_CONTRACTS,
    )
