"""The demo's pipeline, recalculated in plain Python.

Deals and activities come from the raw files. Persons and their stages come from the marts, since other tests check
them.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

import pytest

from tests.support.demo_rows import AS_OF, RawRows, seen
from tests.support.demo_sales import (
    LEAD_ANSWER,
    WINDOW,
    Key,
    Marts,
    Person,
    differences,
    is_over,
    month_of,
    months_after,
    of_table,
    ratio,
    wilson,
)
from tests.support.raw_rows import Rates, local_day, rounded


@dataclass(frozen=True)
class Deal:
    """A deal, with its amount in dong."""

    status: str
    amount: int | None
    created_at: datetime
    closed_at: datetime | None
    dimensions: dict[str, str]


@pytest.fixture(scope="module")
def deals(
    raw: RawRows, persons: dict[str, str], people: dict[str, Person], company_types: dict[str, str]
) -> list[Deal]:
    """The deals that count."""
    rates = Rates(raw.accepted("finance/exchange_rates"))
    rows = raw.accepted("crm/deals")
    statuses = {row["deal_id"]: row["status"] for row in rows}
    closings: dict[str, datetime] = {}
    for change in sorted(of_table(raw, "crm/deal_changes"), key=lambda change: change["changed_at"]):
        if change["status"] in ("won", "lost") and change["status"] == statuses.get(change["deal_id"]):
            closings.setdefault(change["deal_id"], change["changed_at"])
    found = []
    for row in rows:
        rate = rates.on(row["currency"], local_day(row["created_at"]))
        if rate is None:
            continue
        person = people[persons.get(f"contact_id:{row['contact_id']}", "unknown")]
        company = row["company_id"] or person.company
        dimensions = {
            "all": "all",
            "pipeline": row["pipeline"] or "unknown",
            "deal_type": (row["deal_type"] or "unknown").lower(),
            "customer_type": person.customer_type if company == "unknown" else company_types[company],
            "first_channel": person.first_channel,
        }
        closed_at = seen(row["closed_at"]) or closings.get(row["deal_id"])
        amount = None if row["amount"] is None else rounded(Fraction(row["amount"]) * rate)
        is_open = row["status"] == "open"
        found.append(Deal(row["status"], amount, row["created_at"], None if is_open else closed_at, dimensions))
    return found


def test_pipeline_of_every_month(deals: list[Deal], marts: Marts) -> None:
    """Pipeline of each month: won by closing month, open at month end."""
    expected: dict[Key, list[Any]] = {}
    last = month_of(local_day(AS_OF))
    first = {
        row[:2]: row[2]
        for row in marts.execute(
            "select dimension, dimension_value, min(month_start) from marts.kpi_pipeline group by all"
        ).fetchall()
    }
    for (dimension, value), month in first.items():
        group = [deal for deal in deals if deal.dimensions[dimension] == value]
        while month <= last:
            end = months_after(month, 1)
            closed = [deal for deal in group if deal.closed_at and month <= local_day(deal.closed_at) < end]
            won = [deal for deal in closed if deal.status == "won"]
            still_open = [
                deal
                for deal in group
                if local_day(deal.created_at) < end
                and (deal.status == "open" or (deal.closed_at is not None and local_day(deal.closed_at) >= end))
            ]
            amounts = [deal.amount for deal in won if deal.amount is not None]
            cycles = [(deal.closed_at - deal.created_at) / timedelta(days=1) for deal in won if deal.closed_at]
            win_rate, value_of_one = ratio(len(won), len(closed)), ratio(sum(amounts), len(amounts))
            cycle = median(cycles) if cycles else None
            velocity = (
                None
                if win_rate is None or value_of_one is None or not cycle
                else len(still_open) * win_rate * value_of_one / cycle
            )
            expected[dimension, value, month] = [
                sum(month <= local_day(deal.created_at) < end for deal in group),
                len(won),
                len(closed) - len(won),
                len(still_open),
                sum(deal.amount or 0 for deal in still_open),
                sum(amounts),
                win_rate,
                *wilson(len(won), len(closed)),
                value_of_one,
                cycle,
                velocity,
            ]
            month = end
    assert len(deals) > 100
    assert sum(values[0] for (dimension, *_), values in expected.items() if dimension == "all") == len(deals)
    query = """
        select dimension, dimension_value, month_start, created_deals, won_deals, lost_deals, open_deals,
        open_amount, won_amount, win_rate, win_rate_low, win_rate_high, average_deal_value, median_cycle_days,
        pipeline_velocity from marts.kpi_pipeline
    """
    assert differences(marts, query, 3, expected) == []


def test_speed_to_lead_and_accepted_mqls(
    raw: RawRows,
    marts: Marts,
    people: dict[str, Person],
    known_at: Callable[[str, datetime], tuple[str, str]],
    first_evidence: Callable[[str], dict[str, datetime]],
) -> None:
    """Speed to lead counts the first outbound contact after the person became a lead, of the type known then."""

    def keys(person: str, at: datetime) -> list[Key]:
        month = month_of(local_day(at))
        customer_type, first_channel = known_at(person, at)
        dimensions = {"all": "all", "customer_type": customer_type, "first_channel": first_channel}
        return [] if people[person].is_internal else [(*dimension, month) for dimension in dimensions.items()]

    whose = dict(marts.execute("select activity_id, person_id from marts.fct_activities").fetchall())
    answers: defaultdict[str, list[datetime]] = defaultdict(list)
    for row in of_table(raw, "crm/activities"):
        if row["direction"] == "outbound" or row["activity_type"] == "meeting":
            answers[whose[row["activity_id"]]].append(row["occurred_at"])
    sales_leads: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for person, entered_at, left_at in marts.execute(
        "select person_id, entered_at, left_at from marts.fct_stage_evidence where stage = 'sql'"
    ).fetchall():
        sales_leads[person].append((entered_at, left_at or datetime.max))

    hours: defaultdict[Key, list[float | None]] = defaultdict(list)
    for person, at in first_evidence("lead").items():
        waits = [(answer - at) / timedelta(hours=1) for answer in answers[person] if at < answer <= at + LEAD_ANSWER]
        for key in keys(person, at):
            hours[key].append(min(waits, default=None))
    accepted: defaultdict[Key, list[bool]] = defaultdict(list)
    for person, at in first_evidence("mql").items():
        is_accepted = any(entered <= at + WINDOW and left > at for entered, left in sales_leads[person])
        for key in keys(person, at):
            accepted[key].append(is_accepted)

    expected: dict[Key, list[Any]] = {}
    for key in hours.keys() | accepted.keys():
        answered = [wait for wait in hours[key] if wait is not None]
        rate = ratio(len(answered), len(hours[key])) if is_over(key[2], LEAD_ANSWER) else None
        is_mature, taken, mqls = is_over(key[2], WINDOW), sum(accepted[key]), len(accepted[key])
        expected[key] = [
            len(hours[key]),
            len(answered),
            rate,
            median(answered) if answered else None,
            mqls,
            taken,
            *([ratio(taken, mqls), *wilson(taken, mqls)] if is_mature else [None] * 3),
        ]
    assert {values[2] is None for values in expected.values()} == {True, False}
    assert {values[6] is None for values in expected.values()} == {True, False}
    query = """
        select dimension, dimension_value, month_start, leads, answered_leads, lead_answer_rate,
        median_hours_to_answer, mqls, accepted_mqls, mql_acceptance_rate, mql_acceptance_low,
        mql_acceptance_high from marts.kpi_pipeline where leads + mqls > 0
    """
    assert differences(marts, query, 3, expected) == []
