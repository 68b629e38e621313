"""Support tickets after the purchase, and how support and delivery affect the customer's experience."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company.columns import NEVER, Floats, Ints, build, choose, hide, ids, pick, take, unless
from demo_company.commerce import Orders
from demo_company.contacts import Contacts
from demo_company.people import People
from demo_company.world import DAY, END, EXPERIENCE, ROWS_PER_BATCH

CHANNELS = ("chat", "phone", "email", "zalo")
_MEDIAN_HOURS = np.array((0.3, 0.5, 9.0, 1.0))
DELIVERY, CONNECTION, WARRANTY = range(3)
_CATEGORIES = ("delivery", "connection", "warranty")


@dataclass(frozen=True)
class Tickets:
    """One row per ticket of a consumer; `order` is the position of the order it is about."""

    order: Ints
    person: Ints
    category: Ints
    channel: Ints
    opened: Ints
    answered: Ints
    resolved: Ints
    hours: Floats


@dataclass(frozen=True)
class Experiences:
    """For each person: how well the product suits them, and when they first had late delivery or slow support."""

    fit: Floats
    late_since: Ints
    slow_since: Ints

    def late(self, person: Ints, time: Ints) -> Floats:
        """1 where a delivery was late before the given time, otherwise 0."""
        since = self.late_since[person]
        was: Floats = ((since != NEVER) & (since < time)).astype(np.float64)
        return was

    def slow(self, person: Ints, time: Ints) -> Floats:
        """1 where support answered slowly before the given time, otherwise 0."""
        since = self.slow_since[person]
        was: Floats = ((since != NEVER) & (since < time)).astype(np.float64)
        return was


def plan_tickets(rng: np.random.Generator, orders: Orders) -> Tickets:
    """Draw tickets about late parcels, microphones that do not connect, and a few that break."""
    n = len(orders.person)
    chance, received = rng.random((3, n)), np.where(orders.delivered == NEVER, orders.time, orders.delivered)
    asks = [
        (orders.late & (chance[0] < 0.45), orders.promised + rng.integers(3_600, 2 * DAY, n)),
        (chance[1] < 0.07, received + rng.integers(3_600, 6 * DAY, n)),
        (chance[2] < 0.03, received + rng.integers(20 * DAY, 200 * DAY, n)),
    ]
    here = [np.flatnonzero(orders.counts & which & (opened < END - 3_600)) for which, opened in asks]
    order = np.concatenate(here)
    opened = np.concatenate([asks[i][1][rows] for i, rows in enumerate(here)])
    channel = choose(rng, (45, 20, 25, 10), len(order))
    hours = _MEDIAN_HOURS[channel] * rng.lognormal(0, 1.0, len(order))
    hours = np.where(rng.random(len(order)) < 0.06, rng.uniform(30, 90, len(order)), hours)
    answered = opened + (hours * 3_600).astype(np.int64) + 20
    resolved = answered + (rng.lognormal(2.0, 1.1, len(order)) * 3_600).astype(np.int64)
    return Tickets(
        order=order,
        person=orders.person[order],
        category=np.concatenate([np.full(len(rows), category) for category, rows in enumerate(here)]),
        channel=channel,
        opened=opened,
        answered=unless(answered >= END, answered),
        resolved=unless(resolved >= END, resolved),
        hours=hours,
    )


def live_through(rng: np.random.Generator, people: People, orders: Orders, tickets: Tickets) -> Experiences:
    """Derive each person's experience from their deliveries and tickets."""
    late_since = np.full(len(people), np.iinfo(np.int64).max, dtype=np.int64)
    slow_since = late_since.copy()
    np.minimum.at(late_since, orders.person[orders.late & orders.counts], orders.promised[orders.late & orders.counts])
    slow = tickets.hours > EXPERIENCE.slow_support_hours
    np.minimum.at(slow_since, tickets.person[slow], tickets.opened[slow])
    never = np.iinfo(np.int64).max
    return Experiences(
        fit=0.8 * rng.standard_normal(len(people)),
        late_since=np.where(late_since == never, NEVER, late_since),
        slow_since=np.where(slow_since == never, NEVER, slow_since),
    )


def write_tickets(
    rng: np.random.Generator, people: People, contacts: Contacts, orders: Orders, tickets: Tickets
) -> tuple[pa.Table, pa.Table]:
    """The raw tickets, and an activity for each ticket opened by chat."""
    n = len(tickets.order)
    known = contacts.known_at(tickets.person, tickets.opened)
    last = np.where(tickets.resolved == NEVER, tickets.opened + 600, tickets.resolved)
    table = build(
        "crm/tickets",
        {
            "ticket_id": ids("T", people.batch * ROWS_PER_BATCH + np.arange(n)),
            "contact_id": hide(take(contacts.contact_id, tickets.person), ~known),
            "email": hide(take(people.email, tickets.person), known),
            "channel": pick(CHANNELS, tickets.channel),
            "category": pick(_CATEGORIES, tickets.category),
            "priority": pick(("normal", "low", "high"), choose(rng, (6, 2, 2), n)),
            "order_id": hide(take(orders.order_ids(), tickets.order), rng.random(n) < 0.15),
            "opened_at": tickets.opened,
            "first_response_at": tickets.answered,
            "resolved_at": tickets.resolved,
            "updated_at": np.minimum(last, END - 60),
        },
    )
    chats = np.flatnonzero(known & np.isin(tickets.channel, (0, 3)))
    activities = build(
        "crm/activities",
        {
            "activity_id": ids("AC", people.batch * ROWS_PER_BATCH + chats),
            "contact_id": take(contacts.contact_id, tickets.person[chats]),
            "activity_type": "chat",
            "direction": "inbound",
            "occurred_at": tickets.opened[chats],
            "channel": pick(("chatbot", "zalo"), (tickets.channel[chats] == 3).astype(np.int64)),
            "outcome": pick(("answered", "open"), (tickets.answered[chats] == NEVER).astype(np.int64)),
        },
        rows=len(chats),
    )
    return table, activities
