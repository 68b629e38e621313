"""MRR, churn, retention, service and fulfilment of the demo, recalculated in plain Python from its raw files.

Only the company of each person and the touchpoints before a churn come from the marts.
"""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from statistics import median
from typing import Any

import duckdb
import pytest
from customer_journey.paths import PROJECT

from tests.support.demo_rows import AS_OF, RawOrder, RawRows, is_on_scale, person_of, seen
from tests.support.raw_rows import Rates, Row, local_day, rounded

# dbt_project.yml
LAPSE = timedelta(days=180)
FIRST_RESPONSE_TARGET = timedelta(hours=24)
SUBSCRIPTION_CHURN = ("subscription_voluntary", "subscription_involuntary")
# the month that is running at as-of
LAST_MONTH = date(2026, 7, 1)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def months_from(first: date) -> list[date]:
    """Return the first day of each month from that of a given day to that of as-of."""
    months = [first.replace(day=1)]
    while months[-1] < LAST_MONTH:
        months.append(next_month(months[-1]))
    return months


def month_of(moment: datetime) -> date:
    """Return the month of a timestamp in Vietnam."""
    return local_day(moment).replace(day=1)


def wilson(hits: int, trials: int) -> tuple[float | None, float | None]:
    """Return the Wilson score interval at 95 %."""
    if not trials or hits > trials:
        return None, None
    z, rate = 1.959963984540054, hits / trials
    middle = rate + z * z / (2 * trials)
    reach = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return (0.0 if hits == 0 else (middle - reach) / scale), (1.0 if hits == trials else (middle + reach) / scale)


def same(actual: object, expected: object) -> bool:
    """Return whether two values are equal, floats up to rounding."""
    if isinstance(expected, float) and isinstance(actual, float):
        return math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-9)
    return actual == expected


def assert_rows(
    marts: duckdb.DuckDBPyConnection, query: str, keys: int, expected: Mapping[tuple[Any, ...], Sequence[Any]]
) -> None:
    """Compare the rows of a query, whose first columns are their key, with the expected ones."""
    actual = {row[:keys]: row[keys:] for row in marts.execute(query).fetchall()}
    assert set(actual) == set(expected)
    wrong = {
        key: (actual[key], values)
        for key, values in expected.items()
        if not all(map(same, actual[key], values)) or len(actual[key]) != len(values)
    }
    assert wrong == {}


# Accounts


@dataclass(frozen=True)
class Change:
    """A change of a subscription, with its account and its MRR from then on in dong."""

    subscription: str
    account: str
    person: str
    at: datetime
    change_id: str
    mrr: int
    churn_type: str
    reason: str


@dataclass(frozen=True)
class Purchase:
    """An order that counts, or a won deal with the part of its amount that no order has."""

    account: str
    person: str
    at: datetime
    revenue: int

    @property
    def month(self) -> date:
        """The month of the purchase."""
        return month_of(self.at)

    @property
    def lapsed_at(self) -> datetime:
        """When the buyer has lapsed, if no purchase follows."""
        return self.at + LAPSE


@pytest.fixture(scope="module")
def companies(marts: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The company of each person who has one."""
    rows = marts.execute("select person_id, company_id from marts.dim_persons where company_id <> 'unknown'").fetchall()
    return dict(rows)


@pytest.fixture(scope="module")
def types(marts: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The customer type of each account and person."""
    rows = marts.execute(
        "select person_id, customer_type from marts.dim_persons union all select company_id, customer_type from"
        " marts.dim_companies where company_id <> 'unknown'"
    ).fetchall()
    return dict(rows)


@pytest.fixture(scope="module")
def buyers(marts: duckdb.DuckDBPyConnection, orders: dict[str, RawOrder]) -> dict[str, str]:
    """The person of each order; an order without identifiers is a person of its own."""
    published = dict(marts.execute("select order_id, person_id from marts.fct_orders").fetchall())
    found = {order_id: order.person or published[order_id] for order_id, order in orders.items()}
    nameless = [person for order_id, person in found.items() if not orders[order_id].person]
    assert len(set(nameless)) == len(nameless) > 0
    return found


@pytest.fixture(scope="module")
def rates(raw: RawRows) -> Rates:
    """Exchange rates by day."""
    return Rates(raw.accepted("finance/exchange_rates"))


@pytest.fixture(scope="module")
def changes(raw: RawRows, rates: Rates, persons: dict[str, str]) -> list[Change]:
    """All changes of subscriptions, in order."""
    with (PROJECT / "seeds" / "churn_reason_map.csv").open(encoding="utf-8") as stream:
        reasons = {row["raw_reason"]: row["reason"] for row in csv.DictReader(stream)}
    found = []
    for row in raw.accepted("crm/subscription_changes"):
        rate = rates.on(row["currency"], local_day(row["changed_at"]))
        assert rate is not None
        person = person_of(row, persons, "contact_id") or "unknown"
        stopped = row["change_type"] in ("paused", "cancelled")
        found.append(
            Change(
                subscription=row["subscription_id"],
                account=row["company_id"] or person,
                person=person,
                at=row["changed_at"],
                change_id=row["change_id"],
                mrr=0 if stopped else rounded(Fraction(row["mrr"]) * rate),
                churn_type=SUBSCRIPTION_CHURN[row["cancel_type"] == "involuntary"],
                reason=reasons.get(row["reason"], "other") if row["reason"] else "unknown",
            )
        )
    # no subscription changes its account in the demo, so movements are new, expansion, contraction, churn or
    # reactivation
    assert len({(change.subscription, change.account) for change in found}) == len({c.subscription for c in found})
    return sorted(found, key=lambda change: (change.at, change.change_id))


@pytest.fixture(scope="module")
def purchases(
    raw: RawRows,
    rates: Rates,
    orders: dict[str, RawOrder],
    buyers: dict[str, str],
    persons: dict[str, str],
    companies: dict[str, str],
) -> list[Purchase]:
    """All purchases, in order."""
    found = []
    carried: Counter[str] = Counter()
    for order_id, order in orders.items():
        if order.is_conversion:
            person = buyers[order_id]
            account = order.row["company_id"] or companies.get(person, person)
            found.append(Purchase(account, person, order.row["ordered_at"], order.net_revenue))
            carried[order.row["deal_id"]] += order.net_revenue
    for deal in raw.accepted("crm/deals"):
        rate = rates.on(deal["currency"], local_day(deal["created_at"]))
        closed_at = seen(deal["closed_at"])
        if deal["status"] == "won" and closed_at is not None and rate is not None:
            person = person_of(deal, persons, "contact_id") or "unknown"
            left = rounded(Fraction(deal["amount"] or 0) * rate) - carried[deal["deal_id"]]
            if left > 0:
                found.append(Purchase(deal["company_id"] or companies.get(person, person), person, closed_at, left))
    assert len(found) > 3000
    return sorted(found, key=lambda purchase: purchase.at)


def mrr_at_ends(changes: Iterable[Change]) -> dict[date, dict[str, int]]:
    """Return the MRR of each account at the end of each month, if it has any."""
    running: dict[str, tuple[str, int]] = {}
    waiting = list(changes)
    ends = {}
    for month in months_from(local_day(waiting[0].at)):
        while waiting and month_of(waiting[0].at) <= month:
            change = waiting.pop(0)
            running[change.subscription] = (change.account, change.mrr)
        accounts: Counter[str] = Counter()
        for account, mrr in running.values():
            accounts[account] += mrr
        ends[month] = {account: mrr for account, mrr in accounts.items() if mrr}
    assert not waiting
    return ends


# MRR


def test_mrr_of_every_month(marts: duckdb.DuckDBPyConnection, changes: list[Change], types: dict[str, str]) -> None:
    """MRR movements of each month: new, expansion, contraction with pauses, churn and reactivation."""
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for customer_type in ("all", *{types[change.account] for change in changes}):
        before: dict[str, int] = {}
        known: set[str] = set()
        for month, ends in mrr_at_ends(changes).items():
            now = {account: mrr for account, mrr in ends.items() if customer_type in ("all", types[account])}
            both = before.keys() & now.keys()
            new = sum(now[account] for account in now.keys() - known)
            again = sum(now[account] for account in (now.keys() & known) - before.keys())
            more = sum(max(now[account] - before[account], 0) for account in both)
            less = sum(max(before[account] - now[account], 0) for account in both)
            gone = sum(before[account] for account in before.keys() - now.keys())
            start, whole = sum(before.values()), month < LAST_MONTH
            expected[month, customer_type] = (
                whole, start, new, more, less, gone, again, 0, 0, sum(now.values()),
                (start + more - less - gone) / start if start and whole else None,
                (start - less - gone) / start if start and whole else None,
                (new + more + again) / (less + gone) if less + gone else None,
                len(before), len(now.keys() - known), len((now.keys() & known) - before.keys()),
                len(before.keys() - now.keys()), len(now), len(both) / len(before) if before and whole else None,
                *wilson(len(both), len(before) if whole else 0),
            )  # fmt: skip
            known |= now.keys()
            before = now
    assert_rows(
        marts,
        "select month_start, customer_type, is_complete, starting, new, expansion, contraction, churn, reactivation,"
        " transfer, fx, ending, nrr, grr, quick_ratio, starting_accounts, new_accounts, reactivated_accounts,"
        " churned_accounts, ending_accounts, logo_retention_rate, logo_retention_rate_low, logo_retention_rate_high"
        " from marts.kpi_mrr",
        2,
        expected,
    )
    totals = [sum(row[column] for row in expected.values()) for column in range(2, 7)]
    # each kind of movement is in the demo
    assert min(totals) > 0


# Churn


@dataclass(frozen=True)
class Churn:
    """An account that churned."""

    account: str
    person: str
    churn_type: str
    reason: str
    at: datetime
    mrr_lost: int


@pytest.fixture(scope="module")
def churns(changes: list[Change], purchases: list[Purchase]) -> list[Churn]:
    """All churned accounts, by the end of their last subscription or by a lapse."""
    found = []
    running: defaultdict[str, dict[str, int]] = defaultdict(dict)
    moments: defaultdict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    for (at, account), group in groupby(
        sorted(changes, key=lambda change: (change.at, change.account, change.change_id)), lambda c: (c.at, c.account)
    ):
        subscriptions = running[account]
        before = sum(subscriptions.values())
        stops = []
        for change in group:
            if change.mrr == 0 and subscriptions.get(change.subscription, 0) > 0:
                stops.append((change, subscriptions[change.subscription]))
            subscriptions[change.subscription] = change.mrr
        pays = sum(subscriptions.values()) > 0
        moments[account].append((at, pays))
        if before and not pays:
            last = stops[-1][0]
            lost = sum(mrr for _, mrr in stops)
            found.append(Churn(account, last.person, last.churn_type, last.reason, at, lost))

    def paid(account: str, at: datetime) -> bool:
        return next((pays for moment, pays in reversed(moments.get(account, [])) if moment <= at), False)

    by_account: defaultdict[str, list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        by_account[purchase.account].append(purchase)
    for account, of_account in by_account.items():
        for purchase, following in zip(of_account, [*of_account[1:], None], strict=True):
            at = purchase.lapsed_at
            if at <= AS_OF and (following is None or following.at > at) and not paid(account, at):
                found.append(Churn(account, purchase.person, "lapsed", "no_order", at, 0))
    return found


def test_everybody_who_left(marts: duckdb.DuckDBPyConnection, churns: list[Churn]) -> None:
    """Churned accounts: not those with another subscription, and no lapse while a subscription runs."""
    assert_rows(
        marts,
        "select account_id, churn_type, churned_at, reason, mrr_lost, person_id from marts.fct_churn_events",
        3,
        {(c.account, c.churn_type, c.at): (c.reason, c.mrr_lost, c.person) for c in churns},
    )
    assert Counter(c.churn_type for c in churns).keys() == {*SUBSCRIPTION_CHURN, "lapsed"}


def test_what_came_before_they_left(
    marts: duckdb.DuckDBPyConnection,
    churns: list[Churn],
    raw: RawRows,
    persons: dict[str, str],
    companies: dict[str, str],
) -> None:
    """The last touchpoint, ticket and survey score before each churn belong to the same account, and are earlier."""
    people: defaultdict[str, set[str]] = defaultdict(set)
    for person, company in companies.items():
        people[company].add(person)
    touches: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for person, *rest in marts.execute(
        "select person_id, touched_at, touchpoint_id, channel, touchpoint_type from marts.fct_touchpoints"
        " where direction = 'inbound'"
    ).fetchall():
        touches[person].append(tuple(rest))
    tickets: defaultdict[str | None, list[tuple[Any, ...]]] = defaultdict(list)
    for row in raw.accepted("crm/tickets"):
        owner = person_of(row, persons, "contact_id", "email")
        tickets[owner].append((row["opened_at"], row["ticket_id"], row["category"], seen(row["resolved_at"])))
    scores: defaultdict[str | None, list[tuple[Any, ...]]] = defaultdict(list)
    for row in raw.accepted("feedback/survey_responses"):
        if row["survey_type"] in ("nps", "csat") and is_on_scale(row):
            owner = person_of(row, persons, "contact_id", "email")
            scores[owner].append((row["responded_at"], row["response_id"], row["survey_type"], row["score"]))

    nothing: tuple[Any, ...] = (None, None, None, None)

    def last(events: Mapping[Any, list[tuple[Any, ...]]], churn: Churn) -> tuple[Any, ...]:
        # a contact named by the cancellation counts too, unless it belongs to another company
        named = {churn.person} if companies.get(churn.person, churn.account) == churn.account else set()
        of_account = (event for person in people[churn.account] | named for event in events.get(person, ()))
        return max((event for event in of_account if event[0] < churn.at), default=nothing)

    def days(event: tuple[Any, ...], churn: Churn) -> float | None:
        return (churn.at - event[0]) / timedelta(days=1) if event[0] else None

    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for churn in churns:
        touch, ticket, score = last(touches, churn), last(tickets, churn), last(scores, churn)
        expected[churn.account, churn.churn_type, churn.at] = (
            touch[2], touch[3], days(touch, churn),
            ticket[2], days(ticket, churn), (ticket[3] is not None and ticket[3] < churn.at) if ticket[0] else None,
            score[2], score[3], days(score, churn),
        )  # fmt: skip
    assert_rows(
        marts,
        "select account_id, churn_type, churned_at, last_touch_channel, last_touch_type, days_since_last_touch,"
        " last_ticket_category, days_since_last_ticket, is_last_ticket_resolved, last_score_survey_type, last_score,"
        " days_since_last_score from marts.fct_churn_events",
        3,
        expected,
    )
    for column in (0, 3, 6):
        assert {values[column] is None for values in expected.values()} == {True, False}


def customers_at_starts(
    changes: Sequence[Change], purchases: Sequence[Purchase]
) -> dict[date, tuple[set[str], set[str]]]:
    """Return the accounts with MRR at the start of each month, and those without MRR that had not lapsed."""
    ends = mrr_at_ends(changes)
    found = {}
    for month in months_from(local_day(min(purchases[0].at, changes[0].at))):
        before = max((end for end in ends if end < month), default=None)
        subscribers = set(ends[before]) if before else set()
        buyers = {
            purchase.account
            for purchase in purchases
            if local_day(purchase.at) < month <= local_day(purchase.lapsed_at)
        }
        found[month] = (subscribers, buyers - subscribers)
    return found


def test_churn_of_every_month(
    marts: duckdb.DuckDBPyConnection, churns: list[Churn], changes: list[Change], purchases: list[Purchase]
) -> None:
    """Churn rates of each month over the customers at its start."""
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for month, (subscribers, buyers) in customers_at_starts(changes, purchases).items():
        left, whole = [churn for churn in churns if month_of(churn.at) == month], month < LAST_MONTH
        for churn_type in ("all", *SUBSCRIPTION_CHURN, "lapsed"):
            of_type = [churn for churn in left if churn_type in ("all", churn.churn_type)]
            base = len(subscribers) * (churn_type != "lapsed") + len(buyers) * (churn_type in ("all", "lapsed"))
            for reason in ("all", *{churn.reason for churn in of_type}):
                counted = [churn for churn in of_type if reason in ("all", churn.reason)]
                churned = len({churn.account for churn in counted})
                expected[month, churn_type, reason] = (
                    churned, sum(churn.mrr_lost for churn in counted), base,
                    churned / base if base and whole else None, *wilson(churned, base if whole else 0),
                )  # fmt: skip
    assert_rows(
        marts,
        "select month_start, churn_type, reason, churned, mrr_lost, customers_at_start, churn_rate, churn_rate_low,"
        " churn_rate_high from marts.kpi_churn",
        3,
        expected,
    )


# Retention


def test_retention_of_every_cohort(
    marts: duckdb.DuckDBPyConnection, changes: list[Change], purchases: list[Purchase], types: dict[str, str]
) -> None:
    """Retention of each cohort: active means MRR at month end, an order or a won deal; running months are null."""
    ends = mrr_at_ends(changes)
    first: dict[str, date] = {}
    values: dict[str, dict[str, str]] = {}
    who = dict(
        (person, (first_channel, persona))
        for person, first_channel, persona in marts.execute(
            "select person_id, first_channel, persona from marts.dim_persons"
        ).fetchall()
    )
    for at, person, account in sorted(
        [
            *((purchase.at, purchase.person, purchase.account) for purchase in purchases),
            *((change.at, change.person, change.account) for change in changes if change.mrr),
        ]
    ):
        if account not in first:
            first[account] = local_day(at)
            first_channel, persona = who[person]
            values[account] = {
                "all": "all", "customer_type": types[account], "first_channel": first_channel, "persona": persona,
            }  # fmt: skip
    ordered: defaultdict[str, set[date]] = defaultdict(set)
    revenue: Counter[tuple[str, date]] = Counter()
    for purchase in purchases:
        ordered[purchase.account].add(local_day(purchase.at))
        revenue[purchase.account, purchase.month] += purchase.revenue
    active = {
        month: {purchase.account for purchase in purchases if purchase.month == month} | set(ends.get(month, ()))
        for month in months_from(min(first.values()))
    }
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for dimension, value in {item for of_account in values.values() for item in of_account.items()}:
        cohorts: defaultdict[date, set[str]] = defaultdict(set)
        for account, day in first.items():
            if values[account][dimension] == value:
                cohorts[day.replace(day=1)].add(account)
        for cohort, members in cohorts.items():
            previous: set[str] = members
            for number, month in enumerate(months_from(cohort)):
                is_complete = month < LAST_MONTH
                now = active[month] & members
                again = {
                    account
                    for account in members
                    if len(days := sorted(ordered[account])) > 1 and days[1] < next_month(month)
                }
                expected[cohort, dimension, value, number] = (
                    month, is_complete, len(members), len(now), len(now) / len(members) if is_complete else None,
                    *(wilson(len(now), len(members)) if is_complete else (None, None)),
                    len(now - previous), len(again), len(again) / len(members) if is_complete else None,
                    sum(revenue[account, month] for account in members),
                    sum(ends.get(month, {}).get(account, 0) for account in members),
                )  # fmt: skip
                previous = now
    assert_rows(
        marts,
        "select cohort_month, dimension, dimension_value, months_since, month_start, is_complete, customers, active,"
        " retention_rate, retention_rate_low, retention_rate_high, reactivated, repeat_customers, repeat_rate,"
        " revenue, mrr from marts.kpi_retention",
        4,
        expected,
    )
    assert len({cohort for cohort, *_ in expected}) >= 18
    # there are reactivations, and months without active customers in a cohort
    assert sum(values[7] for values in expected.values()) > 0
    assert any(values[3] == 0 for values in expected.values())


# Service and fulfilment


def hours(spans: Iterable[timedelta]) -> float | None:
    """Return the median in hours; None if there are none."""
    found = [span / timedelta(hours=1) for span in spans]
    return median(found) if found else None


def by_dimension(
    rows: Iterable[Row], dimensions: Mapping[str, Callable[[Row], str | None]]
) -> dict[tuple[str, str | None], list[Row]]:
    """Return the rows for each value of each dimension."""
    found: defaultdict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        for dimension, value in dimensions.items():
            found[dimension, value(row)].append(row)
    return found


def test_service_of_every_month(
    marts: duckdb.DuckDBPyConnection,
    raw: RawRows,
    persons: dict[str, str],
    types: dict[str, str],
    changes: list[Change],
    purchases: list[Purchase],
) -> None:
    """Service KPIs of each month, with unanswered tickets in the rate and older ones in the backlog."""
    tickets = raw.accepted("crm/tickets")
    for row in tickets:
        row["person"] = person_of(row, persons, "contact_id", "email")
        row["resolved_at"] = seen(row["resolved_at"])
        row["first_response_at"] = seen(row["first_response_at"])
    dimensions: dict[str, Callable[[Row], str | None]] = {
        "all": lambda row: "all",
        # seeds/channel_aliases.csv
        "channel": lambda row: {"phone": "call"}.get(row["channel"], row["channel"]),
        "category": lambda row: row["category"] or "unknown",
        "priority": lambda row: row["priority"] or "unknown",
        "customer_type": lambda row: types[row["person"]],
    }
    customers = {month: len(s) + len(b) for month, (s, b) in customers_at_starts(changes, purchases).items()}
    months = months_from(local_day(min(row["opened_at"] for row in tickets)))
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for (dimension, value), rows in by_dimension(tickets, dimensions).items():
        for month in months:
            opened = [row for row in rows if month_of(row["opened_at"]) == month]
            answers = [row["first_response_at"] - row["opened_at"] for row in opened if row["first_response_at"]]
            solutions = [row["resolved_at"] - row["opened_at"] for row in opened if row["resolved_at"]]
            waits = [
                row
                for row in opened
                if not row["first_response_at"] and AS_OF - row["opened_at"] > FIRST_RESPONSE_TARGET
            ]
            due = len(answers) + len(waits)
            within = sum(answer <= FIRST_RESPONSE_TARGET for answer in answers)
            backlog = [
                row
                for row in rows
                if month_of(row["opened_at"]) <= month
                and (row["resolved_at"] is None or month_of(row["resolved_at"]) > month)
            ]
            expected[month, dimension, value] = (
                month < LAST_MONTH, len(opened), len(answers), hours(answers), len(solutions), hours(solutions), due,
                within, within / due if due else None, *wilson(within, due), len(backlog),
                customers[month] if dimension == "all" else None,
                100 * len(opened) / customers[month] if dimension == "all" and customers[month] else None,
            )  # fmt: skip
    assert_rows(
        marts,
        "select month_start, dimension, dimension_value, is_complete, tickets, first_responses,"
        " median_first_response_hours, resolved, median_resolution_hours, target_tickets, within_target,"
        " within_target_rate, within_target_rate_low, within_target_rate_high, open_tickets,"
        " customers_at_start, tickets_per_100_customers from marts.kpi_service",
        3,
        expected,
    )
    assert sum(values[7] for values in expected.values()) < sum(values[6] for values in expected.values())


def test_fulfilment_of_every_month(
    marts: duckdb.DuckDBPyConnection,
    raw: RawRows,
    orders: dict[str, RawOrder],
    buyers: dict[str, str],
    types: dict[str, str],
) -> None:
    """Fulfilment of each month: undelivered parcels count, test and internal orders do not."""
    refunded: Counter[str] = Counter()
    for refund in raw.accepted("orders/refunds"):
        if refund["order_id"] in orders:
            amount = Fraction(refund["amount"]) * orders[refund["order_id"]].rate
            refunded[refund["order_id"]] += rounded(amount)
    rows = []
    for order_id, order in orders.items():
        if not order.row["is_test"] and not order.is_internal:
            delivered_at = seen(order.row["delivered_at"])
            rows.append({**order.row, "order_id": order_id, "order": order, "delivered_at": delivered_at})
    dimensions: dict[str, Callable[[Row], str | None]] = {
        "all": lambda row: "all",
        "sales_channel": lambda row: row["sales_channel"] or "unknown",
        "payment_method": lambda row: row["payment_method"] or "unknown",
        "customer_type": lambda row: types[buyers[row["order_id"]]],
    }
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for (dimension, value), of_value in by_dimension(rows, dimensions).items():
        by_month: defaultdict[date, list[Row]] = defaultdict(list)
        for row in of_value:
            by_month[month_of(row["ordered_at"])].append(row)
        for month, found in by_month.items():
            status = Counter(row["order"].status for row in found)
            delivered = [row for row in found if row["delivered_at"]]
            promised = [row for row in delivered if row["promised_delivery_at"]]
            on_time = sum(row["delivered_at"] <= row["promised_delivery_at"] for row in promised)
            overdue = sum(
                row["promised_delivery_at"] is not None
                and row["promised_delivery_at"] < AS_OF
                and not row["delivered_at"]
                and row["order"].status in ("paid", "shipped")
                for row in found
            )
            shipped = sum(
                row["order"].status in ("shipped", "completed", "returned") or row["delivered_at"] is not None
                for row in found
            )
            returned = status["returned"]
            expected[month, dimension, value] = (
                len(found), shipped, len(delivered),
                hours(row["delivered_at"] - row["ordered_at"] for row in delivered),
                on_time, len(promised) - on_time, on_time / len(promised) if promised else None,
                *wilson(on_time, len(promised)), overdue, status["cancelled"], status["cancelled"] / len(found),
                returned, returned / shipped if shipped else None, *wilson(returned, shipped),
                sum(row["order_id"] in refunded for row in found), sum(refunded[row["order_id"]] for row in found),
            )  # fmt: skip
    assert_rows(
        marts,
        "select month_start, dimension, dimension_value, orders, shipped, delivered, median_delivery_hours, on_time,"
        " late, on_time_rate, on_time_rate_low, on_time_rate_high, overdue, cancelled, cancellation_rate, returned,"
        " return_rate, return_rate_low, return_rate_high, refunded, refund_amount from marts.kpi_fulfilment",
        3,
        expected,
    )
    # late, lost and sent back parcels are in the demo
    assert min(sum(values[column] for values in expected.values()) for column in (5, 9, 12)) > 0
