"""Referrals, the loyalty programme, and erasure requests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo_company.care import Experiences
from demo_company.channels import REFERRAL
from demo_company.columns import NEVER, Ints, build, either, ids, join, pick, sigmoid, take
from demo_company.commerce import Orders
from demo_company.contacts import Contacts
from demo_company.journeys import Journeys
from demo_company.people import People, spell_phones
from demo_company.world import DAY, END, ROWS_PER_BATCH

_TIERS = ("member", "silver", "gold")
_TIER_FROM = (4_000_000.0, 10_000_000.0)


def write_referrals(
    rng: np.random.Generator,
    people: People,
    contacts: Contacts,
    journeys: Journeys,
    orders: Orders,
    lived: Experiences,
) -> pa.Table:
    """Referrals: most first visits through the referral channel have one, by a happy customer; some bring nobody."""
    first_order = orders.first_at(len(people))
    wants = contacts.has & (first_order != NEVER) & (rng.random(len(people)) < sigmoid(-1.2 + 1.2 * lived.fit))
    wants &= lived.late_since == NEVER
    friends = np.flatnonzero(wants)
    ready = first_order[friends] + 10 * DAY
    friends, ready = friends[np.argsort(ready, kind="stable")], np.sort(ready)

    came = np.flatnonzero(
        (journeys.channel[:, 0] == REFERRAL) & journeys.happens[:, 0] & (rng.random(len(people)) < 0.7)
    )
    arrived = journeys.start[came, 0]
    choice = np.searchsorted(ready, arrived - 3 * DAY)
    came, arrived, choice = came[choice > 0], arrived[choice > 0], choice[choice > 0]
    referrer = friends[(rng.random(len(came)) * choice).astype(np.int64)]
    invited_at = arrived - rng.integers(3_600, 2 * DAY, len(came))

    alone = rng.integers(0, max(len(friends), 1), len(friends) // 4)
    alone_at = ready[alone] + rng.integers(0, 90 * DAY, len(alone)) if len(friends) else alone
    alone, alone_at = alone[alone_at < END], alone_at[alone_at < END]
    strangers = join("ban.be", ids("", people.number[friends[alone]]), "@gmail.com")
    status = np.where(first_order[came] != NEVER, 2, np.where(contacts.has[came], 1, 0))
    rows = len(came) + len(alone)
    return build(
        "crm/referrals",
        {
            "referral_id": ids("RF", people.batch * ROWS_PER_BATCH + np.arange(rows)),
            "referrer_contact_id": take(contacts.contact_id, np.concatenate([referrer, friends[alone]])),
            "referred_contact_id": pa.concat_arrays(
                [take(contacts.contact_id, came), pa.nulls(len(alone), pa.string())]
            ),
            "referred_email": pa.concat_arrays([take(people.email, came), strangers]),
            "status": pick(
                ("invited", "signed_up", "converted"),
                np.concatenate([status, np.zeros(len(alone), np.int64)]),
            ),
            "referred_at": np.concatenate([invited_at, alone_at]),
        },
    )


def write_loyalty(rng: np.random.Generator, people: People, contacts: Contacts, orders: Orders) -> pa.Table:
    """Loyalty events: points for every order of a member, tiers by total spend, and redemptions."""
    rows = np.flatnonzero(orders.counts)
    rows = rows[np.lexsort((orders.time[rows], orders.person[rows]))]
    person = orders.person[rows]
    member = (
        contacts.has[person] & (people.number[person] % 20 < 9) & (contacts.created[person] <= orders.time[rows] + DAY)
    )
    rows, person = rows[member], person[member]
    time, value, number = orders.time[rows] + 1_800, orders.value[rows], orders.number[rows]
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = person[1:] != person[:-1]
    total = np.cumsum(value)
    group = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    spent = total - total[group] + value[group]
    tier = np.searchsorted(_TIER_FROM, spent, side="right")
    before = np.where(first, 0, np.roll(tier, 1))
    points = (value // 10_000).astype(np.int64)
    redeems = (rng.random(len(rows)) < 0.12) & ~first
    parts = []
    for code, kind, which, amount, offset in (
        ("J", "joined", first, None, -600),
        ("E", "earned", points > 0, points, 0),
        ("T", "tier_changed", tier > before, None, 5),
        ("U", "redeemed", redeems, points // 2, -1_200),
    ):
        parts.append(
            build(
                "crm/loyalty_events",
                {
                    "loyalty_event_id": ids(f"LY{code}", number[which]),
                    "contact_id": take(contacts.contact_id, person[which]),
                    "event_type": kind,
                    "points": np.full(int(which.sum()), NEVER) if amount is None else amount[which],
                    "tier": pick(_TIERS, tier[which] if kind == "tier_changed" else before[which]),
                    "occurred_at": np.minimum(time[which] + offset, END - 60),
                },
                rows=int(which.sum()),
            )
        )
    return pa.concat_tables(parts)


def erasure_requests(rng: np.random.Generator, people: People, contacts: Contacts) -> tuple[pa.Table, Ints]:
    """Erasure requests of a few people, by e-mail, phone or contact id; also the persons behind them."""
    able = np.flatnonzero(contacts.has & ~people.is_business & (contacts.created < END - 60 * DAY))
    who = np.sort(rng.choice(able, min(len(able), 1 + len(people) // 1_500), replace=False))
    kind = np.arange(len(who)) % 3
    by_email = either(kind == 0, take(people.email, who), take(contacts.contact_id, who))
    value = either(kind == 1, spell_phones(rng, take(people.phone, who)), by_email)
    table = build(
        "privacy/erasure_requests",
        {
            "request_id": ids("ER", people.batch * ROWS_PER_BATCH + np.arange(len(who))),
            "identifier_type": pick(("email", "phone", "contact_id"), kind),
            "identifier_value": value,
            "requested_at": END - rng.integers(DAY, 50 * DAY, len(who)),
        },
    )
    return table, who
