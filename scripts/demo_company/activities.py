"""Activities of consumers other than browsing and buying: forms, offline visits, social media, CRM stage changes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_company import sessions as s
from demo_company.channels import CHANNELS
from demo_company.columns import NEVER, Ints, build, choose, either, hide, ids, join, pick, take
from demo_company.commerce import Orders
from demo_company.contacts import Contacts
from demo_company.people import People, international, spell_phones
from demo_company.purchases import SALES_REP, STORE
from demo_company.sessions import Sessions
from demo_company.vocabulary import STAGE_NAMES
from demo_company.world import DAY, END, ROWS_PER_BATCH, START

_FORMS = ("newsletter_signup", "content_download", "form_submission", "free_trial_signup")
_STAGES = tuple(STAGE_NAMES)
_STAGE_WORDS = tuple(word for names in STAGE_NAMES.values() for word in names)
_FIRST_WORD = np.cumsum([0] + [len(names) for names in STAGE_NAMES.values()])[:-1]


def form_activities(
    rng: np.random.Generator, people: People, contacts: Contacts, sessions: Sessions, end: Ints
) -> pa.Table:
    """CRM activities for the sessions that ended with a submitted form."""
    rows = np.flatnonzero(np.isin(sessions.ending, s.SIGNUPS))
    person = sessions.person[rows]
    by_email = rng.random(len(rows)) < 0.15
    return build(
        "crm/activities",
        {
            "activity_id": ids("AF", people.batch * ROWS_PER_BATCH + rows),
            "contact_id": hide(take(contacts.contact_id, person), by_email),
            "email": hide(take(people.email, person), ~by_email),
            "activity_type": pick(_FORMS, choose(rng, (55, 24, 15, 6), len(rows))),
            "direction": "inbound",
            "occurred_at": end[rows],
            "channel": pick([channel.key for channel in CHANNELS], sessions.channel[rows]),
            "outcome": "submitted",
        },
        rows=len(rows),
    )


def shop_visits(
    rng: np.random.Generator, people: People, contacts: Contacts, orders: Orders
) -> tuple[pa.Table, pa.Table]:
    """Offline visits (stores, hotline, seminars, events), and the CRM activities for the advice given there."""
    bought = np.flatnonzero((orders.via == STORE) & orders.counts)
    called = np.flatnonzero((orders.via == SALES_REP) & orders.counts)
    looked = np.flatnonzero(contacts.has & (rng.random(len(people)) < 0.07))
    looked_at = contacts.created[looked] + rng.integers(DAY, 60 * DAY, len(looked))
    looked, looked_at = looked[looked_at < END], looked_at[looked_at < END]
    place = np.concatenate(
        [
            np.zeros(len(bought), np.int64),
            np.full(len(called), 2),
            np.where(
                people.is_business[looked],
                1 + 2 * rng.integers(0, 2, len(looked)),
                choose(rng, (5, 2, 2, 3), len(looked)),
            ),
        ]
    )
    person = np.concatenate([orders.person[bought], orders.person[called], looked])
    time = np.concatenate(
        [
            orders.time[bought] - rng.integers(600, 3_000, len(bought)),
            orders.time[called] - rng.integers(300, 900, len(called)),
            looked_at,
        ]
    )
    by_phone = (place == 0) | (place == 2)
    visits = build(
        "marketing/offline_visits",
        {
            "visit_id": ids("V", people.batch * ROWS_PER_BATCH + np.arange(len(person))),
            "identifier_type": pick(("phone", "email"), np.where(by_phone, 0, 1)),
            "identifier_value": either(
                by_phone, spell_phones(rng, take(people.phone, person)), take(people.email, person)
            ),
            "place_type": pick(("store", "seminar", "hotline", "event"), place),
            "visited_at": time,
        },
    )
    advised = np.flatnonzero(
        by_phone & contacts.has[person] & (contacts.created[person] <= time + DAY) & (rng.random(len(person)) < 0.45)
    )
    advice = build(
        "crm/activities",
        {
            "activity_id": ids("AV", people.batch * ROWS_PER_BATCH + advised),
            "contact_id": take(contacts.contact_id, person[advised]),
            "activity_type": pick(("consultation_request", "call"), np.where(place[advised] == 0, 0, 1)),
            "direction": "inbound",
            "occurred_at": time[advised] + 120,
            "channel": pick(("store", "call"), np.where(place[advised] == 0, 0, 1)),
            "outcome": "advised",
        },
        rows=len(advised),
    )
    return visits, advice


def social_interactions(rng: np.random.Generator, people: People, contacts: Contacts) -> pa.Table:
    """Follows, likes and comments on social media; some carry an identifier of the person, the others none."""
    n = len(people) // 5
    person = rng.integers(0, len(people), n)
    time = START + people.first_day[person] * DAY + rng.integers(0, 120 * DAY, n)
    person, time = person[time < END], time[time < END]
    n = len(person)
    kind = choose(rng, (40, 25, 15, 10, 10), n)
    placed = np.where(contacts.has[person], kind % 4, 3)
    value = pc.choose(
        pa.array(placed),
        take(people.email, person),
        international(take(people.phone, person)),
        take(contacts.contact_id, person),
        pa.nulls(n, pa.string()),
    )
    words = np.where(people.interest[person] > 0, rng.uniform(-0.2, 1, n), rng.uniform(-0.9, 0.7, n))
    return build(
        "marketing/social_interactions",
        {
            "interaction_id": ids("S", people.batch * ROWS_PER_BATCH + np.arange(n)),
            "platform": pick(
                ("facebook", "tiktok", "instagram", "youtube", "zalo"), choose(rng, (38, 34, 12, 10, 6), n)
            ),
            "interaction_type": pick(("like", "follow", "comment", "share", "message"), kind),
            "identifier_type": hide(pick(("email", "phone", "contact_id", "email"), placed), placed == 3),
            "identifier_value": value,
            "sentiment": np.where(kind >= 2, np.round(words, 2), np.nan),
            "occurred_at": time,
            "post_language": pick(("vi", "en"), (rng.random(n) < 0.1).astype(np.int64)),
            "ingested_by": "social-connector 3.2",
        },
    )


def stage_changes(rng: np.random.Generator, people: People, contacts: Contacts, orders: Orders) -> pa.Table:
    """CRM stage changes of consumers: some advance, some go cold and move back, some return."""
    who = np.flatnonzero(contacts.has & ~people.is_business & (rng.random(len(people)) < 0.16))
    bought = orders.first_at(len(people))
    bought = np.where(bought == NEVER, np.iinfo(np.int64).max, bought)
    steps: list[tuple[Ints, Ints, int]] = []
    created = contacts.created[who]
    fate = rng.random(len(who))
    steps.append((who, created + rng.integers(3_600, 2 * DAY, len(who)), _STAGES.index("lead")))
    warm = fate < 0.45
    steps.append((who[warm], created[warm] + rng.integers(3 * DAY, 9 * DAY, int(warm.sum())), _STAGES.index("mql")))
    cold = (fate > 0.3) & (bought[who] > END)
    steps.append((who[cold], created[cold] + rng.integers(40 * DAY, 80 * DAY, int(cold.sum())), _STAGES.index("other")))
    back = cold & (fate > 0.7)
    steps.append((who[back], created[back] + rng.integers(95 * DAY, 160 * DAY, int(back.sum())), _STAGES.index("lead")))
    paid = bought[who] < END
    steps.append((who[paid], bought[who[paid]] + rng.integers(60, DAY, int(paid.sum())), _STAGES.index("customer")))
    person = np.concatenate([people_ for people_, _, _ in steps])
    time = np.concatenate([times for _, times, _ in steps])
    stage = np.concatenate([np.full(len(people_), number) for people_, _, number in steps])
    step = np.concatenate([np.full(len(people_), position) for position, (people_, _, _) in enumerate(steps)])
    kept = time < END
    person, time, stage, step = person[kept], time[kept], stage[kept], step[kept]
    # Older rows name the stage in English, newer ones in Vietnamese: the CRM was translated in the meantime.
    return build(
        "crm/lifecycle_changes",
        {
            "change_id": join(ids("L", people.number[person]), "-", ids("", step)),
            "contact_id": take(contacts.contact_id, person),
            "stage": pick(_STAGE_WORDS, _FIRST_WORD[stage] + (time > END - 300 * DAY)),
            "changed_at": time,
            "changed_by": pick(("automation", "own-hanh", "own-mai"), choose(rng, (6, 2, 2), len(person))),
        },
    )
