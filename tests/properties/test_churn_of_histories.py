"""MRR and churn of many random subscriptions, against the contract's words in plain Python.

The rows are as untidy as CRMs send them: changes of one moment in any order, ends entered twice or by somebody else,
price 0, trials, pauses, changes of plan around a month's end, holders that change.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.support.builds import write_required_tables, write_rows, write_settings
from tests.support.models import build_models

SUBSCRIPTIONS = 500
CONTACTS = 160
COMPANIES = 20
# one contact in forty is a colleague
COLLEAGUES = frozenset(f"c{number}" for number in range(0, CONTACTS, 40))
ZONE = ZoneInfo("Pacific/Auckland")
# the first moment of June there
AS_OF = datetime(2026, 5, 31, 12, tzinfo=UTC)
SWITCH = timedelta(days=1)
ORDER = ("started", "renewed", "upgraded", "downgraded", "paused", "cancelled")
STEPS = (timedelta(0), timedelta(hours=5), SWITCH, SWITCH + timedelta(seconds=1), timedelta(days=9), timedelta(days=31))

Raw = dict[str, Any]
Account = tuple[str, str]


def _draw_subscriptions() -> list[Raw]:
    generator = random.Random(20260630)
    rows: list[Raw] = []
    for number in range(SUBSCRIPTIONS):
        contact = f"c{generator.randrange(CONTACTS)}"
        company = f"co{generator.randrange(COMPANIES)}" if generator.random() < 0.3 else None
        at = AS_OF - timedelta(days=generator.randrange(60, 500), hours=generator.randrange(24))
        for change in range(generator.randrange(1, 9)):
            kind = generator.choice(ORDER) if change else generator.choice(("started", "started", "renewed"))
            names = {"contact_id": contact, "company_id": company}
            if generator.random() < 0.15:
                names = {"contact_id": f"c{generator.randrange(CONTACTS)}"}
            elif generator.random() < 0.1:
                names = {"company_id": f"co{generator.randrange(COMPANIES)}"}
            rows.append(
                {
                    "change_id": f"{generator.randrange(10**6):06}-{len(rows)}",
                    # two subscriptions of a contact may follow each other as a change of plan
                    "subscription_id": f"s{number}{generator.choice(('', '', '', 'b'))}",
                    "change_type": kind,
                    "mrr": generator.choice((0, 10, 20, 30)) if kind != "cancelled" else generator.choice((0, 20)),
                    "cancel_type": generator.choice((None, "voluntary", "involuntary")),
                    "changed_at": at.isoformat(),
                    **names,
                }
            )
            at += generator.choice(STEPS)
            if generator.random() < 0.1:
                # the first moment of the next month
                local = (at.astimezone(ZONE).replace(day=1) + timedelta(days=32)).replace(day=1, hour=0)
                at = local.replace(minute=0, second=0).astimezone(UTC)
    return [row for row in rows if datetime.fromisoformat(row["changed_at"]) <= AS_OF]


@dataclass
class Change:
    """A change of a subscription: who holds it before and after, and what is paid."""

    row: Raw
    at: datetime
    booked_at: datetime
    before: Decimal
    after: Decimal
    holder_before: Account | None
    holder: Account | None


@dataclass
class Subscription:
    """The changes of a subscription in their order, and the moments at which paying starts and ends."""

    changes: list[Change] = field(default_factory=list)
    starts: list[tuple[datetime, Account | None]] = field(default_factory=list)
    ends: list[tuple[datetime, Account | None]] = field(default_factory=list)


def _price(row: Raw) -> Decimal:
    return Decimal(0) if row["change_type"] in ("paused", "cancelled") else Decimal(row["mrr"])


def _rows_that_count(rows: list[Raw]) -> list[Raw]:
    """Without colleagues: of a customer's subscription their rows count if they end it, and name nobody."""
    named = [row["contact_id"] for row in rows if row.get("contact_id")]
    if named and COLLEAGUES.issuperset(named):
        return []
    by_colleague = [row for row in rows if row.get("contact_id") in COLLEAGUES and _price(row) == 0]
    return [row for row in rows if row.get("contact_id") not in COLLEAGUES] + [
        {**row, "contact_id": None} for row in by_colleague
    ]


def _follow(rows: list[Raw]) -> Subscription:
    has_company = any(row.get("company_id") for row in rows)
    found = Subscription()
    is_paying = is_running = False
    mrr = Decimal(0)
    holder: Account | None = None
    payer: Account | None = None
    for moment, of_moment in groupby(sorted(rows, key=lambda row: row["changed_at"]), lambda row: row["changed_at"]):
        group = sorted(of_moment, key=lambda row: (ORDER.index(row["change_type"]), row["change_id"]))
        kinds = {row["change_type"] for row in group}
        if {"started", "cancelled"} <= kinds:
            # whatever was running is cancelled and begun anew; anything else is begun and cancelled
            if is_running:
                group.sort(key=lambda row: row["change_type"] != "cancelled")
        else:
            is_running = group[-1]["change_type"] != "cancelled"
        at, was_paying, payer_before = datetime.fromisoformat(moment), is_paying, payer
        has_stopped = False
        for row in group:
            price = _price(row)
            named = ("company", row["company_id"]) if row.get("company_id") else None
            named = named or (("person", row["contact_id"]) if row.get("contact_id") else ("person", "unknown"))
            # whom a row without a price names is no new holder of what somebody paid
            account = payer if price == 0 and payer else (holder or named) if price == 0 else named
            found.changes.append(Change(row, at, at, mrr, price, holder, account))
            if row["change_type"] != "paused":
                has_stopped = has_stopped or (is_paying and price == 0)
                is_paying = price > 0
            mrr, holder = price, account
            payer = account if price > 0 else payer
        if was_paying and has_stopped:
            found.ends.append((at, payer_before))
        if is_paying and (has_stopped or not was_paying):
            found.starts.append((at, payer))
    assert has_company or all(change.holder and change.holder[0] == "person" for change in found.changes)
    return found


@dataclass
class Expected:
    """MRR of each account after each of its moments, and its churns."""

    levels: dict[Account, list[tuple[datetime, Decimal]]]
    churns: list[tuple[Account, str, datetime, Decimal]]

    def mrr_before(self, account: Account, moment: datetime) -> Decimal:
        """Return the account's MRR just before a moment."""
        return next((mrr for at, mrr in reversed(self.levels.get(account, [])) if at < moment), Decimal(0))


@pytest.fixture(scope="module")
def expected() -> Expected:
    """What the contract makes of the subscriptions."""
    by_subscription: defaultdict[str, list[Raw]] = defaultdict(list)
    for row in _draw_subscriptions():
        by_subscription[row["subscription_id"]].append(row)
    followed = {name: _follow(_rows_that_count(rows)) for name, rows in by_subscription.items()}
    for name, subscription in followed.items():
        for ended_at, account in subscription.ends:
            begun = [
                at
                for other, of_other in followed.items()
                for at, starter in of_other.starts
                if starter == account and ended_at <= at <= ended_at + SWITCH and (other != name or at > ended_at)
            ]
            for change in subscription.changes:
                if begun and change.at >= ended_at:
                    change.booked_at = max(change.booked_at, min(begun))
    moments: defaultdict[tuple[Account, datetime], list[tuple[Decimal, Decimal, Change | None]]] = defaultdict(list)
    for change in (change for subscription in followed.values() for change in subscription.changes):
        assert change.holder
        is_same = change.holder == change.holder_before
        stopped = change if change.after == 0 < change.before else None
        moved = change.before if not is_same and change.holder_before else Decimal(0)
        moments[change.holder, change.booked_at].append((change.after - change.before + moved, moved, stopped))
        if not is_same and change.holder_before:
            moments[change.holder_before, change.booked_at].append((-change.before, Decimal(0), None))
    found = Expected({}, [])
    for (account, at), parts in sorted(moments.items(), key=lambda item: item[0][1]):
        of_account = found.levels.setdefault(account, [])
        before = of_account[-1][1] if of_account else Decimal(0)
        after, taken_over = before + sum(part[0] for part in parts), sum((part[1] for part in parts), Decimal(0))
        of_account.append((at, after))
        ends = [part[2] for part in parts if part[2]]
        if after == 0 and ends and before + taken_over > 0:
            last = max(ends, key=lambda change: change.row["change_id"]).row
            kind = "involuntary" if last["cancel_type"] == "involuntary" else "voluntary"
            found.churns.append((account, f"subscription_{kind}", at, before + taken_over))
    return found


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with MRR and churn of the subscriptions."""
    root = tmp_path_factory.mktemp("churn")
    raw = root / "raw"
    write_settings(raw, {"as_of": AS_OF.isoformat(), "reporting_timezone": str(ZONE)})
    created_at = (AS_OF - timedelta(days=900)).isoformat()
    contacts = [
        {
            "contact_id": f"c{n}",
            "email": f"c{n}@example.com",
            "is_internal": f"c{n}" in COLLEAGUES,
            "created_at": created_at,
        }
        for n in range(CONTACTS)
    ]
    write_rows(raw, "crm/contacts", contacts)
    write_rows(raw, "crm/companies", [{"company_id": f"co{n}", "company_name": f"Co {n}"} for n in range(COMPANIES)])
    write_rows(raw, "crm/subscription_changes", _draw_subscriptions())
    write_required_tables(raw)
    return build_models(raw, root / "out", ("kpi_churn", "fct_churn_events", "fct_mrr_movements"))


def _accounts(connection: duckdb.DuckDBPyConnection) -> dict[str, Account]:
    persons = connection.execute(
        "select persons.person_id, identifiers.identifier_value from intermediate.int_person_identifiers as identifiers"
        " inner join intermediate.int_persons as persons using (person_key) where identifier_type = 'contact_id'"
    ).fetchall()
    return (
        {"unknown": ("person", "unknown")}
        | {person: ("person", contact) for person, contact in persons}
        | {f"co{n}": ("company", f"co{n}") for n in range(COMPANIES)}
    )


def _local_month(moment: datetime) -> date:
    return moment.astimezone(ZONE).date().replace(day=1)


def test_churns_are_those_of_the_accounts_that_paid(expected: Expected, warehouse: Path) -> None:
    """Each churn has the account, type and moment of the contract, and loses what was paid before it."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        accounts = _accounts(connection)
        rows = connection.execute(
            "select account_id, churn_type, churned_at, mrr_lost from marts.fct_churn_events"
        ).fetchall()
    published = sorted((accounts[row[0]], row[1], row[2].replace(tzinfo=UTC), row[3]) for row in rows)
    assert published == sorted(expected.churns)
    assert len(published) > 90
    assert {row[1] for row in published} == {"subscription_voluntary", "subscription_involuntary"}


def test_mrr_of_each_account_at_the_end_of_each_month(expected: Expected, warehouse: Path) -> None:
    """The movements of an account add up to its MRR at the end of each month."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        accounts = _accounts(connection)
        rows = connection.execute("select account_id, month_start, ending_mrr from marts.fct_mrr_movements").fetchall()
    assert len(rows) > 500
    for account, month, ending in rows:
        next_month = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=ZONE)
        assert ending == expected.mrr_before(accounts[account], next_month), (accounts[account], month)
    last = {account: mrr for account, levels in expected.levels.items() if (mrr := levels[-1][1]) > 0}
    assert last.keys() <= {accounts[row[0]] for row in rows}


def test_churn_rate_is_of_the_accounts_at_the_start(expected: Expected, warehouse: Path) -> None:
    """Churned accounts are some of those that paid when the month began, in local months."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select month_start, churn_type, churned, customers_at_start, mrr_lost from marts.kpi_churn"
            " where reason = 'all' and churn_type like 'subscription%'"
        ).fetchall()
    assert len(rows) > 20
    for month, kind, *figures in rows:
        first = datetime(month.year, month.month, 1, tzinfo=ZONE)
        customers = {account for account in expected.levels if expected.mrr_before(account, first) > 0}
        left = [
            churn
            for churn in expected.churns
            if churn[1] == kind and churn[0] in customers and _local_month(churn[2]) == month
        ]
        lost = sum((churn[3] for churn in left), Decimal(0))
        assert figures == [len({churn[0] for churn in left}), len(customers), lost], (month, kind)
