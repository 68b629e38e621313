"""The journey map recalculated in plain Python, by the words of the contract.

Only the stays (`fct_stage_entries`) and the persons come from the warehouse; no SQL of the project is used.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt

import duckdb
from customer_journey.paths import PROJECT

from tests.support.raw_rows import local_day

# examples/demo/vars.yml and dbt_project.yml
AS_OF = datetime(2026, 6, 30, 17)
FUNNEL_WINDOW = timedelta(days=90)
REVENUE_TYPES = ("order", "deal_won", "subscription_started")

# period, stage, customer type, persona
Cell = tuple[str, str, str, str]


def seed(name: str) -> list[dict[str, str]]:
    """Return the rows of a seed."""
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True)
class Person:
    """The attributes of a person."""

    customer_type: str
    persona: str
    is_known: bool


@dataclass(frozen=True)
class Stay:
    """A stay in a stage: from its entry until just before its exit, or until now."""

    stage: str
    entered_at: datetime
    exited_at: datetime | None


@dataclass(frozen=True)
class Outcome:
    """The first entry of a person into a stage, and its outcome."""

    person: str
    stay: Stay
    is_converted: bool
    is_dropped: bool


class Journeys:
    """The stays of all persons in one framework."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, framework: str) -> None:
        stages = [row for row in seed("framework_stages") if row["framework"] == framework]
        self.ranks = {"none": 0.0} | {row["stage"]: float(row["rank"]) for row in stages}
        self.funnel = {row["stage"] for row in stages if row["is_in_funnel"] == "true"}
        self.last_stage = max(self.ranks, key=lambda stage: self.ranks[stage])
        self.persons = {
            person: Person(customer_type, persona, is_known)
            for person, customer_type, persona, is_known in connection.execute(
                "select person_id, customer_type, persona, is_known from marts.dim_persons"
            ).fetchall()
        }
        self.history: dict[str, list[tuple[datetime, Person]]] = {}
        for person, valid_from, customer_type, persona, is_known in connection.execute(
            "select person_id, valid_from, customer_type, persona, is_known from marts.dim_persons_history"
            " where person_id <> 'unknown' order by person_id, valid_from"
        ).fetchall():
            self.history.setdefault(person, []).append((valid_from, Person(customer_type, persona, is_known)))
        self.stays: dict[str, list[Stay]] = {}
        for person, stage, entered_at, exited_at in connection.execute(
            "select person_id, stage, entered_at, exited_at from marts.fct_stage_entries where framework = ?"
            " order by person_id, entered_at",
            [framework],
        ).fetchall():
            self.stays.setdefault(person, []).append(Stay(stage, entered_at, exited_at))

    def stage_at(self, person: str, moment: datetime) -> str | None:
        """Return the stage of the person at a moment; None before the first entry and without an open stage."""
        stays = self.stays.get(person, [])
        position = bisect_right(stays, moment, key=lambda stay: stay.entered_at)
        stage = stays[position - 1].stage if position else "none"
        return None if stage == "none" else stage

    def cells(self, person: str, stage: str, *periods: str) -> Iterator[Cell]:
        """Return the cells of the map in which a fact about a person in a stage counts."""
        yield from _cells(self.persons[person], stage, *periods)

    def entry_cells(self, person: str, stay: Stay) -> Iterator[Cell]:
        """Return the cells in which a first entry counts, by the attributes known at that time."""
        known = self.history[person]
        position = bisect_right(known, stay.entered_at, key=lambda period: period[0])
        who = known[position - 1][1] if position else Person("unknown", "unknown", False)
        yield from _cells(who, stay.stage, *periods_at(stay.entered_at))

    def cells_at(self, person: str, moment: datetime) -> Iterator[Cell]:
        """Return the cells in which an event of a person counts."""
        stage = self.stage_at(person, moment)
        if stage is not None:
            yield from self.cells(person, stage, *periods_at(moment))

    def outcomes(self) -> Iterator[Outcome]:
        """Return the first entries of all persons into each stage."""
        for person, stays in self.stays.items():
            seen = {"none"}
            for number, stay in enumerate(stays):
                if stay.stage not in seen:
                    seen.add(stay.stage)
                    yield self._outcome(person, stay, stays[number + 1 :])

    def _outcome(self, person: str, stay: Stay, later: list[Stay]) -> Outcome:
        """Converted: a higher stage within the window; dropped: fallen back, or the window is over."""
        rank, window_end = self.ranks[stay.stage], stay.entered_at + FUNNEL_WINDOW
        in_window = [other for other in later if other.entered_at <= window_end]
        is_converted = any(self.ranks[other.stage] > rank for other in in_window)
        has_fallen_back = bool(in_window) and self.ranks[in_window[-1].stage] < rank
        return Outcome(person, stay, is_converted, not is_converted and (has_fallen_back or window_end <= AS_OF))


def _cells(who: Person, stage: str, *periods: str) -> Iterator[Cell]:
    for period in periods:
        for customer_type in (who.customer_type, "all"):
            for persona in (who.persona, "all"):
                yield period, stage, customer_type, persona


def _quarter(month: int) -> int:
    return (month + 2) // 3


def month_of(moment: datetime) -> str:
    """Return the month of the reporting time zone."""
    return f"{local_day(moment):%Y-%m}"


def periods_at(moment: datetime) -> tuple[str, str, str]:
    """Return the month, the quarter and `all` for a moment, in the reporting time zone."""
    day = local_day(moment)
    return month_of(moment), f"{day.year:04d}-Q{_quarter(day.month)}", "all"


def periods_of(stay: Stay) -> list[str]:
    """Return the months, quarters and `all` that a stay lasted in, its end excluded; at as-of nothing has ended."""
    first = local_day(stay.entered_at)
    last = max(first, local_day(stay.exited_at - timedelta(microseconds=1) if stay.exited_at else AS_OF))
    months = [
        (year, month)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if (first.year, first.month) <= (year, month) <= (last.year, last.month)
    ]
    quarters = sorted({(year, _quarter(month)) for year, month in months})
    return [*(f"{y:04d}-{m:02d}" for y, m in months), *(f"{y:04d}-Q{q}" for y, q in quarters), "all"]


def is_mature(period: str) -> bool:
    """Return whether the window of everybody who entered in the month or quarter is over; always true for `all`."""
    if period == "all":
        return True
    year, part = period.split("-")
    last_month = 3 * int(part[1:]) if part.startswith("Q") else int(part)
    next_month = date(int(year) + last_month // 12, last_month % 12 + 1, 1)
    return (local_day(AS_OF) - next_month).days >= FUNNEL_WINDOW.days


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the score interval at 95 % (Wilson 1927), as Newcombe 1998 writes it in method 3."""
    z = 1.959963984540054
    rate = successes / trials
    middle, reach = 2 * successes + z * z, z * sqrt(z * z + 4 * successes * (1 - rate))
    divisor = 2 * (trials + z * z)
    return (middle - reach) / divisor, (middle + reach) / divisor


def newcombe(successes: int, trials: int, other_successes: int, other_trials: int) -> tuple[float, float, float]:
    """Return the difference of two rates and its interval at 95 % (Newcombe 1998, method 10)."""
    rate, other_rate = successes / trials, other_successes / other_trials
    (low, high), (other_low, other_high) = wilson(successes, trials), wilson(other_successes, other_trials)
    difference = rate - other_rate
    return (
        difference,
        difference - sqrt((rate - low) ** 2 + (other_high - other_rate) ** 2),
        difference + sqrt((high - rate) ** 2 + (other_rate - other_low) ** 2),
    )
