"""Customer value and cohorts, recalculated from published facts and parameters."""

import csv
from bisect import bisect_left
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from math import ceil

import duckdb
import numpy as np
import pytest
from customer_journey.paths import PROJECT
from scipy.special import beta as beta_function
from scipy.stats import gamma

AGES = (3, 6, 12, 24)
# examples/demo/vars.yml and the default of clv_holdout_weeks
AS_OF_DAY = date(2026, 7, 1)
HOLDOUT_WEEKS = 26
Key = tuple[date, str, str]


def _months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def test_cohorts_brought_what_their_customers_did(marts: duckdb.DuckDBPyConnection) -> None:
    """The value of each cohort by month equals the sum over its customers' purchases."""
    purchases = marts.execute(
        """
            select case when person_id = 'unknown' then company_id else person_id end, person_id, company_id,
            converted_date, revenue, conversion_type, order_id from marts.fct_conversions
            where conversion_type in ('order', 'deal_won', 'subscription_started')
        """
    ).fetchall()
    left = {
        order_id: net if margin is None else margin + net - covered
        for order_id, net, covered, margin in marts.execute(
            "select order_id, net_revenue, covered_revenue, margin from marts.fct_orders"
        ).fetchall()
    }
    persons = {
        row[0]: row[1:]
        for row in marts.execute(
            "select person_id, first_channel, persona, customer_type from marts.dim_persons"
        ).fetchall()
    }
    companies = dict(marts.execute("select company_id, customer_type from marts.dim_companies").fetchall())
    firsts: dict[str, date] = {}
    for customer, _, _, day, *_ in purchases:
        firsts[customer] = min(firsts.get(customer, day), day)
    customers: defaultdict[Key, set[str]] = defaultdict(set)
    revenue: defaultdict[tuple[Key, int], Decimal] = defaultdict(Decimal)
    contribution: defaultdict[tuple[Key, int], Decimal] = defaultdict(Decimal)
    for customer, person, company, day, amount, kind, order_id in purchases:
        cohort = firsts[customer].replace(day=1)
        channel, persona, customer_type = persons[person]
        if person == "unknown":
            customer_type = companies[company]
        values = {"all": "all", "first_channel": channel, "persona": persona, "customer_type": customer_type}
        for key in ((cohort, dimension, value) for dimension, value in values.items()):
            customers[key].add(customer)
            revenue[key, _months_between(cohort, day)] += amount
            contribution[key, _months_between(cohort, day)] += left[order_id] if kind == "order" else amount
    spend: defaultdict[Key, Decimal] = defaultdict(Decimal)
    for day, channel, cost in marts.execute("select spend_date, channel, cost from marts.fct_ad_spend").fetchall():
        spend[day.replace(day=1), "all", "all"] += cost
        spend[day.replace(day=1), "first_channel", channel] += cost

    published = marts.execute(
        """
            select cohort_month, dimension, dimension_value, months_since, is_complete, customers, revenue,
            contribution, cumulative_contribution, cumulative_contribution_per_customer, cost_to_acquire,
            ltv_cac_3m, ltv_cac_6m, ltv_cac_12m, ltv_cac_24m from marts.kpi_cohort_value
        """
    ).fetchall()
    assert {row[:3] for row in published} == customers.keys() | spend.keys()
    assert len(published) > 3000
    ends = {
        row[:3]: max(other[3] for other in published if other[:3] == row[:3] and other[4])
        for row in published
        if row[4]
    }
    for (
        *key_parts,
        since,
        is_complete,
        buyers,
        brought,
        remaining,
        so_far,
        each,
        cost,
        at_3,
        at_6,
        at_12,
        at_24,
    ) in published:
        key = (key_parts[0], key_parts[1], key_parts[2])
        expected = sum((contribution[key, month] for month in range(since + 1)), Decimal(0))
        assert (buyers, brought, remaining, so_far) == (
            len(customers[key]),
            revenue[key, since],
            contribution[key, since],
            expected,
        )
        assert each == (pytest.approx(float(expected) / buyers) if is_complete and buyers else None)
        assert cost == (spend[key] if key[1] in ("all", "first_channel") else None)
        for age, ratio in zip(AGES, (at_3, at_6, at_12, at_24), strict=True):
            earned = sum((contribution[key, month] for month in range(age + 1)), Decimal(0))
            is_known = cost and age <= ends.get(key, -1)
            assert ratio == (pytest.approx(float(earned / cost)) if is_known else None)


def test_predictions_follow_from_the_published_parameters(marts: duckdb.DuckDBPyConnection) -> None:
    """Each customer's prediction follows from the published parameters, by integrals over purchase rates.

    For a rate l and a probability p to drop out at each of x + 1 purchases, the first included.
    """
    parameters = dict(
        marts.execute(
            "select parameter, value from marts.kpi_clv_model where fit_window = 'all' and model = 'mbg_nbd'"
        ).fetchall()
    )
    r, alpha, a, b = (parameters[name] for name in ("r", "alpha", "a", "b"))
    rows = marts.execute(
        """
            select frequency, recency_weeks, age_weeks, p_alive, predicted_purchases_12m,
            predicted_purchases_12m * expected_value_per_purchase_day * margin_ratio, predicted_clv_12m
            from marts.kpi_clv where clv_method = 'mbg_nbd' order by person_id limit 25
        """
    ).fetchall()
    assert len(rows) == 25
    nodes, weights = np.polynomial.legendre.leggauss(2000)
    # rates up to 2 per week; the density has a pole at 0, which a substitution removes
    rates = (nodes + 1) ** (1 / r)
    of_rate = weights * gamma.pdf(rates, r, scale=1 / alpha) * (nodes + 1) ** (1 / r - 1)
    for x, recency, age, p_alive, purchases, worth, clv in rows:
        alive = beta_function(a, b + x + 1) * (of_rate * rates**x * np.exp(-rates * age)).sum()
        dropped = beta_function(a + 1, b + x) * (of_rate * rates**x * np.exp(-rates * recency)).sum()
        assert p_alive == pytest.approx(alive / (alive + dropped), rel=1e-4)
        assert 0 <= purchases <= 52 * (r + x) / (alpha + age)
        assert clv == pytest.approx(worth, rel=1e-9)


def test_holdout_was_what_customers_bought(marts: duckdb.DuckDBPyConnection) -> None:
    """The backtest compares with the purchase days after the calibration window, of those who were not subscribed."""
    cut = AS_OF_DAY - timedelta(weeks=HOLDOUT_WEEKS)
    subscribed = {
        row[0]
        for row in marts.execute(
            """
                select max_by(person_id, change_number) filter (where person_id <> 'unknown')
                from marts.fct_subscription_changes
                where changed_date <= ?
                group by subscription_id
                having max_by(mrr_after, change_number) > 0
            """,
            [cut],
        ).fetchall()
    }
    days: defaultdict[str, set[date]] = defaultdict(set)
    for person, day in marts.execute(
        "select person_id, ordered_date from marts.fct_orders where is_conversion"
    ).fetchall():
        days[person].add(day)
    published = {
        row[:2]: row[2:]
        for row in marts.execute(
            "select cohort_month, frequency, customers, actual_purchases from marts.kpi_clv_backtest"
        ).fetchall()
    }
    expected: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0])
    for person, bought in days.items():
        if min(bought) > cut or person in subscribed:
            continue
        frequency = sum(day <= cut for day in bought) - 1
        cell = expected[min(bought).replace(day=1), str(frequency) if frequency < 7 else "7+"]
        cell[0] += 1
        cell[1] += sum(day > cut for day in bought)
    assert published == {key: tuple(cell) for key, cell in expected.items()}
    assert len(published) > 50


def test_segments_follow_from_ranks(marts: duckdb.DuckDBPyConnection) -> None:
    """RFM segment of each buyer: scores by the share of other buyers with less, so that equals score alike."""
    with (PROJECT / "seeds" / "rfm_segments.csv").open(encoding="utf-8", newline="") as stream:
        segments = list(csv.DictReader(stream))
    buyers = marts.execute(
        "select -days_since_last_order, frequency, historical_revenue, rfm_segment from marts.kpi_clv where orders > 0"
    ).fetchall()
    ordered = [sorted(row[place] for row in buyers) for place in range(3)]

    def score(place: int, value: float) -> int:
        return min(5, 1 + 5 * bisect_left(ordered[place], value) // (len(buyers) - 1))

    for *values, segment in buyers:
        recency, frequency, revenue = (score(place, value) for place, value in enumerate(values))
        worth = ceil((frequency + revenue) / 2)
        found = [
            row["rfm_segment"]
            for row in segments
            if int(row["recency_from"]) <= recency <= int(row["recency_to"])
            and int(row["value_from"]) <= worth <= int(row["value_to"])
        ]
        assert found == [segment]
    assert {row[-1] for row in buyers} == {row["rfm_segment"] for row in segments}
