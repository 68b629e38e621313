"""Survey invitations, answers and reviews; scores depend on each person's experience of delivery and support."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company import vocabulary as words
from demo_company.care import CHANNELS, Experiences, Tickets
from demo_company.catalog import PRODUCTS
from demo_company.columns import (
    NEVER,
    Flags,
    Floats,
    Ints,
    build,
    choose,
    hide,
    ids,
    join,
    pick,
    take,
)
from demo_company.commerce import Orders
from demo_company.contacts import Contacts
from demo_company.people import People
from demo_company.purchases import STORE
from demo_company.world import DAY, END, EXPERIENCE, ROWS_PER_BATCH

_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


@dataclass(frozen=True)
class _Wave:
    """One survey sent to many people: when, on which channel, and the score that each would give."""

    survey: str
    kind: str
    touchpoint: str
    person: Ints
    sent: Ints
    channel: Ints
    answer: Floats
    invited: Flags
    responds: float


def _waves(
    rng: np.random.Generator, people: People, orders: Orders, tickets: Tickets, lived: Experiences
) -> list[_Wave]:
    e = EXPERIENCE
    email, store = 2, 4
    first = orders.first_at(len(people))
    customer = np.flatnonzero(first != NEVER)
    person = np.repeat(customer, 4)
    sent = (
        first[person] + np.tile(np.arange(4), len(customer)) * 120 * DAY + rng.integers(25 * DAY, 45 * DAY, len(person))
    )
    nps = e.nps_base + 1.1 * lived.fit[person] + e.nps_late_delivery * lived.late(person, sent)
    nps += e.nps_slow_support * lived.slow(person, sent) + rng.normal(0, 1.2, len(person))

    parcel = np.flatnonzero(orders.counts & (orders.delivered != NEVER) & (rng.random(len(orders.person)) < 0.6))
    in_store = np.flatnonzero(orders.counts & (orders.via == STORE) & (rng.random(len(orders.person)) < 0.5))
    helped = np.flatnonzero((tickets.resolved != NEVER) & (rng.random(len(tickets.person)) < 0.8))
    slow = tickets.hours[helped] > e.slow_support_hours

    def csat(who: Ints, penalty: Floats) -> Floats:
        return e.csat_base + 0.35 * lived.fit[who] + penalty + rng.normal(0, 0.6, len(who))

    aided = tickets.person[helped]
    return [
        _Wave(
            "nps",
            "relational",
            "relationship",
            person,
            sent,
            np.full(len(person), email),
            nps,
            np.ones(len(person), dtype=np.bool_),
            0.36,
        ),
        _Wave(
            "csat",
            "transactional",
            "delivery",
            orders.person[parcel],
            orders.delivered[parcel] + DAY,
            np.full(len(parcel), email),
            csat(orders.person[parcel], np.where(orders.late[parcel], e.csat_late_delivery, 0.0)),
            np.ones(len(parcel), dtype=np.bool_),
            0.33,
        ),
        _Wave(
            "csat",
            "transactional",
            "store",
            orders.person[in_store],
            orders.time[in_store] + 600,
            np.full(len(in_store), store),
            csat(orders.person[in_store], np.full(len(in_store), 0.2)),
            np.zeros(len(in_store), dtype=np.bool_),
            0.5,
        ),
        _Wave(
            "csat",
            "transactional",
            "support",
            aided,
            tickets.resolved[helped] + 3_600,
            tickets.channel[helped],
            csat(aided, np.where(slow, e.csat_slow_support, 0.0)),
            np.ones(len(helped), dtype=np.bool_),
            0.35,
        ),
        _Wave(
            "ces",
            "transactional",
            "support",
            aided,
            tickets.resolved[helped] + 7_200,
            tickets.channel[helped],
            e.ces_base + 0.3 * lived.fit[aided] + e.ces_slow_support * slow + rng.normal(0, 0.9, len(aided)),
            np.ones(len(helped), dtype=np.bool_),
            0.3,
        ),
    ]


def write_surveys(
    rng: np.random.Generator,
    people: People,
    contacts: Contacts,
    orders: Orders,
    tickets: Tickets,
    lived: Experiences,
) -> tuple[pa.Table, pa.Table]:
    """The raw invitations and responses."""
    invitations, responses = [], []
    for number, wave in enumerate(_waves(rng, people, orders, tickets, lived)):
        low, high = _SCALES[wave.survey]
        rows = np.flatnonzero(wave.sent < END - 2 * DAY)
        person, sent = wave.person[rows], wave.sent[rows]
        code = people.batch * ROWS_PER_BATCH + rows
        known = contacts.known_at(person, sent)
        common = {
            "contact_id": hide(take(contacts.contact_id, person), ~known),
            "email": hide(take(people.email, person), known),
            "survey_type": pick((wave.survey,), np.zeros(len(rows), np.int64)),
            "survey_kind": pick((wave.kind,), np.zeros(len(rows), np.int64)),
            "touchpoint": pick((wave.touchpoint,), np.zeros(len(rows), np.int64)),
            "channel": pick((*CHANNELS, "store"), wave.channel[rows]),
        }
        invitation = hide(join(f"I{number}-", ids("", code)), ~wave.invited[rows])
        invitations.append(
            build(
                "feedback/survey_invitations",
                {**common, "invitation_id": invitation, "sent_at": sent},
                len(rows),
            )
        )
        score = np.clip(np.round(wave.answer[rows]), low, high)
        answered = sent + 600 + rng.exponential(0.5 * DAY, len(rows)).astype(np.int64)
        # Satisfied people comment only on what they liked; the others name what went wrong.
        pleased = score >= low + 0.75 * (high - low)
        remark = np.where(pleased, 0, len(words.COMMENTS_GOOD)) + rng.integers(0, len(words.COMMENTS_GOOD), len(rows))
        tells_scale = rng.random(len(rows)) < 0.5
        table = build(
            "feedback/survey_responses",
            {
                **common,
                "response_id": join(f"Q{number}-", ids("", code)),
                "invitation_id": invitation,
                "score": score,
                "scale_min": np.where(tells_scale, float(low), np.nan),
                "scale_max": np.where(tells_scale, float(high), np.nan),
                "comment": pick(
                    (*words.COMMENTS_GOOD, *words.COMMENTS_BAD),
                    np.where(rng.random(len(rows)) < 0.4, remark, -1),
                ),
                "responded_at": answered,
                "updated_at": answered,
            },
            len(rows),
        )
        responses.append(table.filter(pa.array((rng.random(len(rows)) < wave.responds) & (answered < END))))
    asked = pa.concat_tables(invitations)
    return asked.filter(asked["invitation_id"].is_valid()), pa.concat_tables(responses)


def write_reviews(
    rng: np.random.Generator, people: People, contacts: Contacts, orders: Orders, lived: Experiences
) -> pa.Table:
    """The raw product reviews."""
    n = len(orders.person)
    received = np.where(orders.delivered == NEVER, orders.time, orders.delivered)
    time = received + rng.integers(4 * DAY, 30 * DAY, n)
    rows = np.flatnonzero(orders.counts & (time < END) & (rng.random(n) < 0.11))
    person, time = orders.person[rows], time[rows]
    mean = 4.4 + 0.6 * lived.fit[person] - 1.5 * orders.late[rows] - 0.8 * lived.slow(person, time)
    rating = np.clip(np.round(mean + rng.normal(0, 0.6, len(rows))), 1, 5).astype(np.int64)
    bodies = [body for stars in range(1, 6) for body in words.REVIEW_BODIES[stars]]
    first = np.cumsum([0] + [len(words.REVIEW_BODIES[stars]) for stars in range(1, 6)])[:-1]
    body = first[rating - 1] + rng.integers(0, 2, len(rows))
    platform = choose(rng, (45, 25, 20, 10), len(rows))
    replied = time + rng.integers(3_600, 6 * DAY, len(rows))
    own = platform == 0
    known = contacts.known_at(person, time) & own
    return build(
        "feedback/reviews",
        {
            "review_id": ids("RV", orders.number[rows]),
            "email": hide(take(people.email, person), ~own | known),
            "contact_id": hide(take(contacts.contact_id, person), ~known),
            "order_id": hide(take(orders.order_ids(), rows), ~own),
            "product_id": pick([product.product_id for product in PRODUCTS], orders.product[rows]),
            "rating": rating,
            "body": pick(bodies, np.where(rng.random(len(rows)) < 0.8, body, -1)),
            "platform": pick(("website", "shopee", "google", "facebook"), platform),
            "reviewed_at": time,
            "replied_at": np.where((replied < END) & (rng.random(len(rows)) < 0.55), replied, NEVER),
        },
    )
