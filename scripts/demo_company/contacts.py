"""CRM contacts: who has one, since when, and which identifiers it shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo_company import vocabulary as words
from demo_company.channels import CHANNELS
from demo_company.columns import NEVER, Flags, Ints, build, either, hide, ids, pick, take
from demo_company.journeys import Journeys
from demo_company.people import People, company_numbers, spell_emails, spell_phones
from demo_company.purchases import ONLINE, Purchases
from demo_company.world import DAY, END

_RECORDED = (0.92, 0.72, 0.15, 1.0)
"""Share of first buyers entered in the CRM without having signed up, by sales channel."""


@dataclass(frozen=True)
class Contacts:
    """For each person of the batch: the contact, if there is one, and which identifiers it shows."""

    has: Flags
    created: Ints
    contact_id: pa.Array
    shows_email: Flags
    shows_phone: Flags

    def known_at(self, person: Ints, time: Ints) -> Flags:
        """Whether people had a contact at given times."""
        return self.has[person] & (self.created[person] <= time)


def plan_contacts(
    rng: np.random.Generator, people: People, journeys: Journeys, purchases: Purchases, known: Ints
) -> Contacts:
    """Decide who gets a contact; `created` is a first estimate until the events of the sessions are written."""
    n = len(people)
    signed = journeys.signup_visit >= 0
    asked = people.is_business & (journeys.decisive_visit >= 0)
    first = np.flatnonzero(purchases.nth == 0)
    recorded = np.zeros(n, dtype=np.bool_)
    recorded[purchases.person[first]] = rng.random(len(first)) < np.array(_RECORDED)[purchases.via[first]]
    has = signed | asked | recorded
    created = np.where(has, known, NEVER)
    # Sales also enters some colleagues of the first person of a company who made a request.
    earliest = np.full(n + 1, END, dtype=np.int64)
    np.minimum.at(earliest, people.company[asked], known[asked])
    heard_of = earliest[people.company] + 5 * DAY
    colleague = people.is_business & ~has & (heard_of < END) & (rng.random(n) < 0.6)
    has |= colleague
    created = np.where(colleague, heard_of, created)
    by_phone = recorded & ~signed
    return Contacts(
        has=has,
        created=created,
        contact_id=ids("C", np.where(has, people.number, -1), 7),
        shows_email=np.where(by_phone, rng.random(n) < 0.55, rng.random(n) < 0.97),
        shows_phone=by_phone | people.is_business | (rng.random(n) < 0.55),
    )


def settle(contacts: Contacts, moments: list[tuple[Ints, Ints]], purchases: Purchases) -> Contacts:
    """Set `created` to the time of the form or order that created the contact, now that these times are known."""
    late = np.iinfo(np.int64).max
    created = np.full(len(contacts.has), late, dtype=np.int64)
    for person, time in moments:
        np.minimum.at(created, person, time)
    elsewhere = purchases.via != ONLINE
    np.minimum.at(created, purchases.person[elsewhere], purchases.time[elsewhere])
    created = np.where(created == late, contacts.created, created)
    return Contacts(
        contacts.has,
        np.where(contacts.has, created, NEVER),
        contacts.contact_id,
        contacts.shows_email,
        contacts.shows_phone,
    )


def write_contacts(rng: np.random.Generator, people: People, contacts: Contacts, journeys: Journeys) -> pa.Table:
    """The current version of each contact in the CRM."""
    who = np.flatnonzero(contacts.has)
    n = len(who)
    rank = np.minimum(contacts.created[who] + rng.integers(0, 60 * DAY, n), END - 3_600)
    first_channel = journeys.channel[who, 0]
    sources = [words.LEAD_SOURCES.get(channel.key) for channel in CHANNELS]
    company = company_numbers(people.batch, people.company[who])
    staff = np.where(people.is_business[who], people.number[who] % len(words.OWNERS), -1)
    number = people.number[who]

    def sometimes(codes: Ints, share: float) -> Ints:
        return np.where(rng.random(n) < share, codes, -1)

    return build(
        "crm/contacts",
        {
            "contact_id": take(contacts.contact_id, who),
            "email": hide(spell_emails(rng, take(people.email, who)), ~contacts.shows_email[who]),
            "phone": hide(spell_phones(rng, take(people.phone, who)), ~contacts.shows_phone[who]),
            "full_name": take(people.full_name, who),
            "company_id": ids("CO", company, 5),
            "lead_source": pick(sources, sometimes(first_channel, 0.85)),
            "persona": pick(words.PERSONAS, np.where(staff >= 0, -1, sometimes(people.persona[who], 0.88))),
            "job_title": pick(words.JOB_TITLES, np.where(staff >= 0, number // 7 % len(words.JOB_TITLES), -1)),
            "buying_role": pick(words.BUYING_ROLES, np.where(staff >= 0, number // 3 % len(words.BUYING_ROLES), -1)),
            "age_band": pick(words.AGE_BANDS, sometimes(people.age[who], 0.8)),
            "gender": pick(words.GENDERS, sometimes(people.gender[who], 0.85)),
            "city": pick(words.CITIES, people.city[who]),
            "country": pick(words.CITY_COUNTRY, sometimes(people.city[who], 0.96)),
            "owner_id": pick(words.OWNERS, staff),
            "created_at": contacts.created[who],
            "updated_at": np.maximum(rank, contacts.created[who]),
        },
    )


def write_doubles(rng: np.random.Generator, people: People, contacts: Contacts) -> tuple[pa.Table, Ints]:
    """Duplicate contacts, merged into the first one by hand; also the person of each."""
    who = np.flatnonzero(contacts.has & (contacts.created < END - 90 * DAY) & (rng.random(len(people)) < 0.02))
    created = contacts.created[who] + rng.integers(10 * DAY, 60 * DAY, len(who))
    by_phone = rng.random(len(who)) < 0.5
    table = build(
        "crm/contacts",
        {
            "contact_id": ids("D", people.number[who], 7),
            "email": hide(either(by_phone, take(people.email, who), take(people.second_email, who)), by_phone),
            "phone": hide(spell_phones(rng, take(people.phone, who)), ~by_phone),
            "full_name": take(people.full_name, who),
            "country": "VN",
            "merged_into_contact_id": take(contacts.contact_id, who),
            "created_at": created,
            "updated_at": created + rng.integers(DAY, 20 * DAY, len(who)),
        },
    )
    return table, who
