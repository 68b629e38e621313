"""The people of a batch: their traits, devices and identifiers, and the spellings of e-mails and phones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo_company import vocabulary as words
from demo_company.columns import Flags, Floats, Ints, choose, either, hide, ids, join, pick
from demo_company.world import DAYS, MONTH_OF_DAY, PEOPLE_PER_BATCH

DEVICES_PER_PERSON = 4
"""Cookie numbers reserved for one person: three devices of their own, and one that they borrow."""
DEVICE_TYPES = ("mobile", "desktop", "tablet")
MONTH_PULL = (
    1.15,
    0.55,
    0.75,
    0.8,
    0.85,
    0.9,
    0.9,
    0.95,
    1.0,
    1.15,
    1.6,
    1.3,
    1.4,
    0.9,
    0.95,
    1.0,
    1.05,
    1.1,
)
"""Relative number of new people per month: high in November (sales events) and in January (Tet)."""


@dataclass(frozen=True)
class People:
    """One row per true person. `number` is unique across batches; other references to people are batch positions."""

    batch: int
    number: Ints
    is_business: Flags
    company: Ints
    """Position of the person's company in the batch, -1 for consumers."""
    first_day: Ints
    interest: Floats
    persona: Ints
    gender: Ints
    age: Ints
    city: Ints
    devices: Ints
    device_type: Ints
    """For each person and device, a position in DEVICE_TYPES."""
    full_name: pa.Array
    email: pa.Array
    second_email: pa.Array
    phone: pa.Array
    """National, ten digits: 0987654321."""
    bad_address: Flags

    def __len__(self) -> int:
        """How many people there are."""
        return len(self.number)

    def cookies(self, people: Ints, devices: Ints) -> Ints:
        """The numbers of the cookies on people's devices."""
        return self.number[people] * DEVICES_PER_PERSON + devices


def make_people(rng: np.random.Generator, batch: int, consumers: int, business: int) -> People:
    """Draw the people of a batch: consumers first, then the people of companies."""
    n = consumers + business
    number = batch * PEOPLE_PER_BATCH + np.arange(n, dtype=np.int64)
    is_business = np.arange(n) >= consumers
    pull = np.array([MONTH_PULL[month] for month in MONTH_OF_DAY])
    # Each company has one to three people; `starts` holds the position after its last one.
    starts = np.cumsum(choose(rng, (0.0, 5, 3, 2), business)) if business else np.zeros(0, np.int64)
    company = np.full(n, -1, dtype=np.int64)
    company[consumers:] = np.searchsorted(starts, np.arange(business), side="right")
    family = choose(rng, range(len(words.FAMILY), 0, -1), n)
    given = choose(rng, np.ones(len(words.GIVEN)), n)
    digits = pa.array(number).cast(pa.string())
    private = join(
        pick(words.GIVEN_ASCII, given),
        ".",
        pick(words.FAMILY_ASCII, family),
        digits,
        "@",
        pick(words.MAIL_DOMAINS, choose(rng, words.MAIL_WEIGHTS, n)),
    )
    at_work = join(pick(words.GIVEN_ASCII, given), digits, "@studio", ids("", company_numbers(batch, company)), ".vn")
    second = join(pick(words.FAMILY_ASCII, family), digits, "@hotmail.com")
    return People(
        batch=batch,
        number=number,
        is_business=is_business,
        company=company,
        first_day=choose(rng, pull, n).clip(0, DAYS - 1),
        interest=rng.standard_normal(n),
        persona=choose(rng, words.PERSONA_WEIGHTS, n),
        gender=choose(rng, words.GENDER_WEIGHTS, n),
        age=choose(rng, words.AGE_WEIGHTS, n),
        city=choose(rng, words.CITY_WEIGHTS, n),
        devices=1 + choose(rng, (62, 30, 8), n),
        device_type=np.stack([choose(rng, w, n) for w in ((70, 27, 3), (20, 70, 10), (25, 25, 50))], axis=1),
        full_name=pc.binary_join_element_wise(
            pick(words.FAMILY, family),
            pick(words.MIDDLE, choose(rng, np.ones(len(words.MIDDLE)), n)),
            pick(words.GIVEN, given),
            " ",
        ),
        email=either(is_business, at_work, private),
        second_email=hide(second, rng.random(n) > 0.06),
        phone=national_phones(number),
        bad_address=rng.random(n) < 0.015,
    )


def company_numbers(batch: int, companies: Ints) -> Ints:
    """Global numbers of companies from their positions in a batch."""
    return np.where(companies < 0, -1, batch * PEOPLE_PER_BATCH + companies)


def national_phones(numbers: Ints) -> pa.Array:
    """National phone numbers, distinct for distinct person numbers below 300 million."""
    space = len(words.PHONE_PREFIXES) * 10_000_000
    spread = (numbers * 196_613 + 41_234_567) % space
    prefix = np.array(words.PHONE_PREFIXES, dtype=np.int64)[spread // 10_000_000]
    return ids("0", prefix * 10_000_000 + spread % 10_000_000, 9)


def international(phones: pa.Array) -> pa.Array:
    """Convert national numbers to E.164."""
    return join("+84", pc.utf8_slice_codeunits(phones, 1))


def spell_phones(rng: np.random.Generator, phones: pa.Array) -> pa.Array:
    """Spell each phone number in one of five common ways of typing it."""
    d = [
        pc.utf8_slice_codeunits(phones, start, stop)
        for start, stop in ((0, 3), (3, 6), (6, 10), (1, 3), (0, 4), (4, 7), (7, 10))
    ]
    spellings = (
        phones,
        international(phones),
        join("84 ", d[3], " ", pc.utf8_slice_codeunits(phones, 3, 6), " ", d[2]),
        join("(", d[0], ") ", d[1], "-", d[2]),
        join(d[4], ".", d[5], ".", d[6]),
    )
    return pc.choose(pa.array(choose(rng, (55, 20, 9, 7, 9), len(phones))), *spellings)


def spell_emails(rng: np.random.Generator, emails: pa.Array, share: float = 0.05) -> pa.Array:
    """Spell some e-mails in mixed case and some with blanks around them."""
    return pc.choose(
        pa.array(choose(rng, (1 - share, share / 2, share / 2), len(emails))),
        emails,
        pc.utf8_title(emails),
        join("  ", emails, " "),
    )


def device_of_visits(people: People, owners: Ints, chance: Floats) -> Ints:
    """The device of each visit: mostly the person's first."""
    spare = people.devices[owners] - 1
    return np.where(chance < 0.66, 0, np.minimum(1 + ((chance - 0.66) / 0.34 * spare).astype(np.int64), spare))
