"""E-mails and their events: monthly newsletters, and the care messages behind visits by e-mail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company.columns import NEVER, Flags, Ints, build, ids, join, pick, sigmoid, take, unless
from demo_company.contacts import Contacts
from demo_company.people import People, spell_emails
from demo_company.world import DAY, END, MONTHS, ROWS_PER_BATCH, local_time

_EVENTS = ("sent", "delivered", "opened", "clicked", "bounced", "unsubscribed", "complained")
_NEWSLETTERS = tuple(f"newsletter_{month.replace('-', '_')}" for month in MONTHS)
_CARE = ("welcome", "abandoned_cart", "winback", "new_arrivals")
_CAMPAIGNS = (*_NEWSLETTERS, *_CARE)
_SEND_DAYS = tuple(local_time(f"{month}-05 09:00") for month in MONTHS)


@dataclass(frozen=True)
class Mailing:
    """One row per message; the time of a step that did not happen is NEVER."""

    person: Ints
    campaign: Ints
    sent: Ints
    bounced: Ints
    opened: Ints
    machine_opened: Ints
    clicked: Ints
    unsubscribed: Ints
    complained: Ints

    def left_at(self, people: int) -> Ints:
        """When each person unsubscribed, NEVER if they did not."""
        left = np.full(people, np.iinfo(np.int64).max, dtype=np.int64)
        goes = self.unsubscribed != NEVER
        np.minimum.at(left, self.person[goes], self.unsubscribed[goes])
        return np.where(left == np.iinfo(np.int64).max, NEVER, left)


def plan_newsletters(rng: np.random.Generator, people: People, contacts: Contacts, subscribes: Flags) -> Mailing:
    """One newsletter a month to everyone who signed up, until they unsubscribe or a message bounces."""
    who = np.flatnonzero(contacts.has & contacts.shows_email & subscribes)
    n, months = len(who), len(_SEND_DAYS)
    sent = np.array(_SEND_DAYS)[None, :] + (people.number[who] % 1_800)[:, None]
    gets = (sent > contacts.created[who, None] + DAY) & (sent < END - DAY)
    chance = rng.random((5, n, months))
    opens = gets & (chance[0] < sigmoid(-0.9 + 0.6 * people.interest[who])[:, None]) & ~people.bad_address[who, None]
    clicks = opens & (chance[1] < 0.075)
    leaves = opens & ~clicks & (chance[2] < 0.022)
    complains = leaves & (chance[3] < 0.06)
    # Nothing is sent after the first message that bounced or was followed by an unsubscribe.
    ends = leaves | (gets & people.bad_address[who, None])
    over = np.cumsum(ends, axis=1) - ends > 0
    row, month = np.nonzero(gets & ~over)
    person, at = who[row], sent[row, month]
    bounced = people.bad_address[person]
    machine = (people.number[person] % 10 < 3) & ~bounced
    opened = at + 600 + rng.exponential(5 * 3_600, len(row)).astype(np.int64)
    clicked = opened + rng.integers(5, 90, len(row))
    return Mailing(
        person=person,
        campaign=month.astype(np.int64),
        sent=at,
        bounced=unless(~bounced, at + 2),
        opened=unless(~opens[row, month], opened),
        machine_opened=unless(~machine, at + rng.integers(20, 240, len(row))),
        clicked=unless(~clicks[row, month] | (clicked > END - DAY), clicked),
        unsubscribed=unless(~leaves[row, month], opened + 40),
        complained=unless(~complains[row, month], opened + 60),
    )


def care_messages(rng: np.random.Generator, person: Ints, visited: Ints, bought_before: Flags) -> Mailing:
    """The care message behind each visit by e-mail: sent hours earlier, clicked seconds before the visit."""
    n = len(person)
    never = np.full(n, NEVER, dtype=np.int64)
    clicked = visited - rng.integers(1, 6, n)
    campaign = len(_NEWSLETTERS) + np.where(bought_before, 2 + rng.integers(0, 2, n), rng.integers(0, 2, n))
    return Mailing(
        person=person,
        campaign=campaign,
        sent=clicked - rng.integers(600, 7 * 3_600, n),
        bounced=never,
        opened=clicked - rng.integers(5, 60, n),
        machine_opened=never,
        clicked=clicked,
        unsubscribed=never,
        complained=never,
    )


def write_messages(rng: np.random.Generator, people: People, parts: list[Mailing]) -> pa.Table:
    """The raw e-mail events of all messages."""
    tables, used, messages = [], 0, 0
    for mailing in parts:
        n = len(mailing.person)
        message_id = ids("m", people.batch * ROWS_PER_BATCH + messages + np.arange(n))
        messages += n
        address = take(people.email, mailing.person)
        steps = (
            (0, mailing.sent, False),
            (1, unless(mailing.bounced != NEVER, mailing.sent + 3), False),
            (2, mailing.opened, False),
            (2, mailing.machine_opened, True),
            (3, mailing.clicked, False),
            (4, mailing.bounced, False),
            (5, mailing.unsubscribed, False),
            (6, mailing.complained, False),
        )
        for event, times, is_machine in steps:
            rows = np.flatnonzero((times != NEVER) & (times < END))
            tables.append(
                build(
                    "marketing/email_events",
                    {
                        "email_event_id": ids("m", people.batch * ROWS_PER_BATCH + used + np.arange(len(rows))),
                        "email": spell_emails(rng, take(address, rows), 0.02),
                        "message_id": take(message_id, rows),
                        "campaign": pick(_CAMPAIGNS, mailing.campaign[rows]),
                        "event_type": _EVENTS[event],
                        "is_machine": np.full(len(rows), is_machine),
                        "occurred_at": times[rows],
                    },
                    rows=len(rows),
                )
            )
            used += len(rows)
    return pa.concat_tables(tables)


def consents(people: People, contacts: Contacts, subscribes: Flags, left: Ints) -> pa.Table:
    """Consents: to e-mail, granted by signing up and withdrawn by unsubscribing; for some also to analytics."""
    who = np.flatnonzero(contacts.has & subscribes)
    leaving = who[left[who] != NEVER]
    analytics = who[people.number[who] % 3 == 0]
    address, batch = people.email, people.batch * ROWS_PER_BATCH
    parts = []
    for person, purpose, status, times in (
        (who, "email_marketing", "granted", contacts.created[who]),
        (leaving, "email_marketing", "withdrawn", left[leaving]),
        (analytics, "analytics", "granted", contacts.created[analytics]),
    ):
        by_contact = purpose == "analytics"
        parts.append(
            build(
                "privacy/consents",
                {
                    "consent_id": join(purpose[:2], "-", status[0], "-", ids("", batch + person)),
                    "identifier_type": "contact_id" if by_contact else "email",
                    "identifier_value": take(contacts.contact_id if by_contact else address, person),
                    "purpose": purpose,
                    "status": status,
                    "changed_at": times,
                },
                rows=len(person),
            )
        )
    return pa.concat_tables(parts)
