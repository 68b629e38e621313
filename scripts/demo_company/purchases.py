"""Consumers' purchases: the journey decides the first, a BG/NBD process the repeats, a Gamma-Gamma model the values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_company.columns import NEVER, Floats, Ints, choose
from demo_company.journeys import Journeys
from demo_company.people import People
from demo_company.world import DAY, DAYS, PURCHASES, START

ONLINE, STORE, MARKETPLACE, SALES_REP = range(4)
SALES_CHANNELS = ("online_store", "store", "marketplace", "sales_rep")
_FIRST_SHARES = (68, 17, 10, 5)
_REPEAT_SHARES = (72, 17, 8, 3)
_MOST_REPEATS = 200


@dataclass(frozen=True)
class Customers:
    """One row per consumer who bought: the latent parameters of their purchase process."""

    person: Ints
    first_day: Ints
    purchase_rate: Floats
    dropout: Floats
    mean_value: Floats


@dataclass(frozen=True)
class Purchases:
    """One row per purchase, first purchases before repeats. Online purchases take their time from their visit."""

    person: Ints
    nth: Ints
    day: Ints
    via: Ints
    value: Floats
    """Net of tax and shipping, in VND, whole thousands."""
    time: Ints

    def __len__(self) -> int:
        """How many purchases there are."""
        return len(self.person)


def plan_purchases(rng: np.random.Generator, people: People, journeys: Journeys) -> tuple[Customers, Purchases]:
    """Draw the purchases of all consumers whose journey ended in one."""
    person = np.flatnonzero((journeys.decisive_visit >= 0) & ~people.is_business)
    via = choose(rng, _FIRST_SHARES, len(person))
    lag = np.where(via == ONLINE, 0, rng.integers(1, 5, len(person)))
    first_day = journeys.at(journeys.decisive_visit, journeys.day)[person] + lag
    # Offline purchases happen days after the deciding visit: drop those that would fall after the as-of day.
    in_time = first_day < DAYS
    person, via, first_day = person[in_time], via[in_time], first_day[in_time]
    n = len(person)
    law = PURCHASES
    customers = Customers(
        person=person,
        first_day=first_day,
        purchase_rate=rng.gamma(law.r, 1 / law.alpha, n),
        dropout=rng.beta(law.a, law.b, n),
        mean_value=law.p / rng.gamma(law.q, 1 / law.v, n),
    )
    who, nth, day = _repeats(rng, customers)
    owner = np.concatenate([np.arange(n), who])
    via = np.concatenate([via, choose(rng, _REPEAT_SHARES, len(who))])
    day = np.concatenate([first_day, day])
    value = rng.gamma(law.p, customers.mean_value[owner] / law.p)
    opening = START + day * DAY + 9 * 3_600
    return customers, Purchases(
        person=person[owner],
        nth=np.concatenate([np.zeros(n, dtype=np.int64), nth]),
        day=day,
        via=via,
        value=np.maximum(np.round(value, -3), 30_000.0),
        time=np.where(via == ONLINE, NEVER, opening + rng.integers(0, 11 * 3_600, len(day))),
    )


def _repeats(rng: np.random.Generator, customers: Customers) -> tuple[Ints, Ints, Ints]:
    """Draw repeat purchases until dropout or the last day; return customer position, running number and day."""
    alive = np.arange(len(customers.person))
    # The first purchase falls at a random time within its day; waiting times are added to it.
    clock = customers.first_day + rng.random(len(alive))
    found: list[tuple[Ints, int, Ints]] = []
    for nth in range(1, _MOST_REPEATS):
        rate = np.maximum(customers.purchase_rate[alive], 1e-9)
        clock[alive] += np.minimum(rng.exponential(7 / rate), 10.0 * DAYS)
        alive = alive[clock[alive] < DAYS]
        if not len(alive):
            break
        found.append((alive, nth, np.floor(clock[alive]).astype(np.int64)))
        alive = alive[rng.random(len(alive)) >= customers.dropout[alive]]
    if not found:
        return (np.zeros(0, np.int64),) * 3
    return (
        np.concatenate([who for who, _, _ in found]),
        np.concatenate([np.full(len(who), nth, dtype=np.int64) for who, nth, _ in found]),
        np.concatenate([days for _, _, days in found]),
    )
