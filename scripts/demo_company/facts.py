"""Records the facts of a batch in the truth: owners of identifiers, sessions, customer traits and true causes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from demo_company.batch import Batch
from demo_company.channels import CHANNELS
from demo_company.columns import NEVER, Flags, Ints, anonymous_ids, ids, pick, take
from demo_company.people import DEVICES_PER_PERSON, international
from demo_company.truth import Truth
from demo_company.world import DAY, EXPERIMENTS, FIRST_DATE, START

# The identifiers that one person may have: nodes of the person's identity graph.
CONTACT, EMAIL, SECOND_EMAIL, PHONE, DOUBLE, FIRST_COOKIE = range(6)
_NODES = FIRST_COOKIE + DEVICES_PER_PERSON
_Tie: TypeAlias = Callable[[Ints, Ints | int, Ints | int], None]
_EPOCH_DAY = (FIRST_DATE - type(FIRST_DATE)(1970, 1, 1)).days


def note(truth: Truth, batch: Batch) -> None:
    """Record the truth of a batch."""
    _note_identifiers(truth, batch)
    _note_sessions(truth, batch)
    _note_customers(truth, batch)
    _note_causes(truth, batch)


def _valid(column: pa.Array | pa.ChunkedArray) -> Flags:
    flags: Flags = (
        column.is_valid().to_numpy(zero_copy_only=False)
        if isinstance(column, pa.Array)
        else column.is_valid().to_numpy()
    )
    return flags


def _ties(batch: Batch) -> npt.NDArray[np.bool_]:
    """For each person, the pairs of identifiers that some raw row links; the diagonal says which occur at all."""
    people, contacts = batch.people, batch.contacts
    ties = np.zeros((len(people), _NODES, _NODES), dtype=np.bool_)

    def tie(persons: Ints, one: Ints | int, other: Ints | int) -> None:
        ties[persons, one, other] = ties[persons, other, one] = True
        ties[persons, one, one] = ties[persons, other, other] = True

    tie(np.flatnonzero(contacts.has), CONTACT, CONTACT)
    tie(np.flatnonzero(contacts.has & contacts.shows_email), CONTACT, EMAIL)
    tie(np.flatnonzero(contacts.has & contacts.shows_phone), CONTACT, PHONE)
    tie(batch.doubles, DOUBLE, CONTACT)
    by_phone = _valid(batch.tables["crm/contacts"].slice(int(contacts.has.sum()), len(batch.doubles))["phone"])
    tie(batch.doubles[by_phone], DOUBLE, PHONE)
    other = batch.doubles[~by_phone]
    tie(other[_valid(take(people.second_email, other))], DOUBLE, SECOND_EMAIL)
    seen = batch.sessions.person >= 0
    cookie = FIRST_COOKIE + batch.sessions.cookie % DEVICES_PER_PERSON
    tie(batch.sessions.person[seen], cookie[seen], cookie[seen])
    for kind, sessions in batch.identified.items():
        node = {"email": EMAIL, "second_email": SECOND_EMAIL, "phone": PHONE, "contact_id": CONTACT}[kind]
        tie(batch.sessions.person[sessions], cookie[sessions], node)
    _tie_orders(batch, tie)
    _tie_contacts(batch, tie)
    for node, values in ((EMAIL, people.email), (PHONE, international(people.phone))):
        tie(np.flatnonzero(_occurs(batch, values, node == PHONE)), node, node)
    return ties


def _tie_orders(batch: Batch, tie: _Tie) -> None:
    orders, rows = batch.orders, batch.tables["orders/orders"].slice(0, len(batch.orders.person))
    person = np.maximum(orders.person, 0)
    email = pc.utf8_lower(pc.utf8_trim_whitespace(rows["email"].combine_chunks()))
    second = pc.fill_null(pc.equal(email, take(batch.people.second_email, person)), False).to_numpy(
        zero_copy_only=False
    )
    has_email = _valid(email)
    given = (
        (has_email & ~second, EMAIL),
        (has_email & second, SECOND_EMAIL),
        (_valid(rows["phone"]), PHONE),
        (_valid(rows["contact_id"]), CONTACT),
        (_valid(rows["anonymous_id"]), FIRST_COOKIE + orders.cookie % DEVICES_PER_PERSON),
    )
    for present, node in given:
        for also, other in given:
            both = np.flatnonzero(present & also & (orders.person >= 0))
            tie(
                person[both],
                node if isinstance(node, int) else node[both],
                other if isinstance(other, int) else other[both],
            )


def _tie_contacts(batch: Batch, tie: _Tie) -> None:
    """Link contact and e-mail where a row names both: orders taken by sales, and referrals of the contact."""
    own = batch.tables["orders/orders"].slice(len(batch.orders.person))
    referrals = batch.tables["crm/referrals"]
    for contact, email in (
        (own["contact_id"], own["email"]),
        (referrals["referred_contact_id"], referrals["referred_email"]),
    ):
        named = contact.filter(pc.and_(contact.is_valid(), email.is_valid())).combine_chunks()
        numbers = pc.utf8_slice_codeunits(named, 1).cast(pa.int64()).to_numpy()
        tie(numbers - batch.people.number[0], CONTACT, EMAIL)


def _occurs(batch: Batch, values: pa.Array, phones: bool) -> Flags:
    """Flag e-mails or phones that occur in a raw row as its only identifier."""
    columns = [
        batch.tables["marketing/offline_visits"]["identifier_value"],
        batch.tables["marketing/social_interactions"]["identifier_value"],
    ]
    if phones:
        found = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
        digits = pc.replace_substring_regex(found, "[^0-9]", "")
        found = pc.binary_join_element_wise("+", pc.replace_substring_regex(digits, "^0", "84"), "")
    else:
        for table in (
            "marketing/email_events",
            "crm/activities",
            "crm/tickets",
            "feedback/survey_invitations",
            "feedback/survey_responses",
            "feedback/reviews",
            "crm/referrals",
        ):
            columns.append(batch.tables[table]["referred_email" if table == "crm/referrals" else "email"])
        found = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
        found = pc.utf8_lower(pc.utf8_trim_whitespace(found))
    flags: Flags = pc.is_in(values, value_set=found.drop_null()).to_numpy(zero_copy_only=False)
    return flags & _valid(values)


def _note_identifiers(truth: Truth, batch: Batch) -> None:
    ties, people = _ties(batch), batch.people
    occurs = ties[:, np.arange(_NODES), np.arange(_NODES)]
    # Transitive closure: three squarings cover paths of up to eight links, enough for so few identifiers.
    for _ in range(3):
        ties = ties | (np.matmul(ties.astype(np.float32), ties.astype(np.float32)) > 0)
    component = ties.argmax(axis=2)
    everybody = np.arange(len(people))
    nodes = [
        (CONTACT, "contact_id", batch.contacts.contact_id),
        (EMAIL, "email", people.email),
        (SECOND_EMAIL, "email", people.second_email),
        (PHONE, "phone", international(people.phone)),
        (DOUBLE, "contact_id", ids("D", people.number, 7)),
    ]
    nodes += [
        (
            FIRST_COOKIE + device,
            "anonymous_id",
            anonymous_ids(people.cookies(everybody, np.full(len(people), device))),
        )
        for device in range(DEVICES_PER_PERSON)
    ]
    for node, kind, values in nodes:
        here = np.flatnonzero(occurs[:, node])
        truth.identifiers(people.number[here], kind, take(values, here), component[here, node])


def _note_sessions(truth: Truth, batch: Batch) -> None:
    sessions = batch.sessions
    rows = np.flatnonzero(sessions.person >= 0)
    stamp = pa.timestamp("us", tz="UTC")
    truth.add(
        "sessions",
        len(rows),
        {
            "anonymous_id": anonymous_ids(sessions.cookie[rows]),
            "person_id": ids("P", batch.people.number[sessions.person[rows]]),
            "started_at": pa.array(sessions.start[rows] * 1_000_000).cast(stamp),
            "ended_at": pa.array(batch.web.end[rows] * 1_000_000).cast(stamp),
            "channel": pick([channel.key for channel in CHANNELS], sessions.channel[rows]),
            "event_count": batch.web.size[rows],
        },
    )


def _note_customers(truth: Truth, batch: Batch) -> None:
    customers, orders = batch.customers, batch.orders
    day = (orders.time[orders.counts] - START) // DAY
    person = np.unique(orders.person[orders.counts] * 1_000 + day) // 1_000
    truth.add(
        "customers",
        len(customers.person),
        {
            "person_id": ids("P", batch.people.number[customers.person]),
            "first_purchased_on": pa.array((_EPOCH_DAY + customers.first_day).astype(np.int32)),
            "purchases": np.bincount(person, minlength=len(batch.people))[customers.person],
            "purchase_rate": customers.purchase_rate,
            "dropout": customers.dropout,
            "mean_value": customers.mean_value,
        },
    )


def _note_causes(truth: Truth, batch: Batch) -> None:
    real = batch.sessions.person >= 0
    truth.visits += np.bincount(batch.sessions.channel[real], minlength=len(CHANNELS))
    truth.first_touches += np.bincount(batch.journeys.channel[batch.journeys.happens[:, 0], 0], minlength=len(CHANNELS))
    truth.expected += batch.journeys.expected
    first = batch.orders.first_at(len(batch.people))
    for number, experiment in enumerate(EXPERIMENTS):
        person, variant, time = batch.exposed[number]
        in_variant = np.zeros((len(batch.people), len(experiment.variants)), dtype=np.bool_)
        in_variant[person, variant] = True
        since = np.full(len(batch.people), np.iinfo(np.int64).max, dtype=np.int64)
        np.minimum.at(since, person, time)
        alone = in_variant.sum(axis=1) == 1
        for code in range(len(experiment.variants)):
            here = alone & in_variant[:, code]
            truth.exposed[number][code] += (
                int(here.sum()),
                int((here & (first != NEVER) & (first >= since)).sum()),
            )
