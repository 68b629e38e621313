"""Plans the web sessions of a batch, whatever caused them; `demo_company.web` writes their events."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from demo_company.arrivals import draw_arrivals
from demo_company.catalog import COMPARING, EARLY, STUDIO, SUPPORT
from demo_company.channels import BOUNCE, EMAIL, RETURNING
from demo_company.columns import NEVER, Flags, Ints, choose
from demo_company.journeys import Journeys, times_of_day
from demo_company.people import DEVICES_PER_PERSON, People, device_of_visits
from demo_company.purchases import ONLINE, Purchases
from demo_company.world import DAY, DAYS, START

# The outcomes of a session.
(
    NOTHING,
    BOUNCED,
    SIGNUP,
    SIGNUP_AFTER_ERROR,
    FORM_LEFT,
    CART,
    CHECKOUT,
    PURCHASE,
    SIGNUP_AND_PURCHASE,
    REQUEST,
    CRAWL,
) = range(11)
SIGNUPS = (SIGNUP, SIGNUP_AFTER_ERROR, SIGNUP_AND_PURCHASE)
ORDERS = (PURCHASE, SIGNUP_AND_PURCHASE)

BY_NOTHING, BY_EMAIL, BY_CONTACT, BY_EMAIL_AND_PHONE = range(4)
"""Whether a session identifies its visitor, and by which identifiers."""

APART = 4 * 3_600
"""Minimum seconds between the starts of two sessions of one cookie, so that they do not overlap."""


@dataclass(frozen=True)
class Sessions:
    """One row per web session; `purchase` is the position of the purchase it ends in, -1 for none."""

    person: Ints
    cookie: Ints
    device_type: Ints
    start: Ints
    channel: Ints
    arrival: Ints
    phase: Ints
    ending: Ints
    purchase: Ints
    identify: Ints

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self.person)

    def where(self, these: Flags | Ints) -> Sessions:
        """Select some of the sessions."""
        return Sessions(**{field.name: getattr(self, field.name)[these] for field in fields(self)})


def stack(parts: list[Sessions]) -> Sessions:
    """Concatenate sessions of several causes."""
    return Sessions(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Sessions)})


def known_since(people: People, journeys: Journeys, purchases: Purchases) -> Ints:
    """Time at which each person first identified themselves (sign-up, purchase or sales request); NEVER if not."""
    late = np.iinfo(np.int64).max
    since = np.where(journeys.signup_visit >= 0, journeys.at(journeys.signup_visit, journeys.start), late)
    decided = (journeys.decisive_visit >= 0) & people.is_business
    since = np.where(decided, np.minimum(since, journeys.at(journeys.decisive_visit, journeys.start)), since)
    bought = np.where(purchases.time == NEVER, START + purchases.day * DAY + 21 * 3_600, purchases.time)
    np.minimum.at(since, purchases.person, bought)
    return np.where(since == late, NEVER, since)


def of_journeys(rng: np.random.Generator, people: People, journeys: Journeys, purchases: Purchases) -> Sessions:
    """The visits up to a first purchase or request, and those of people who never convert."""
    person, visit = np.nonzero(journeys.happens)
    n = len(person)
    channel = journeys.channel[person, visit]
    signs, decides = journeys.signup_visit[person] == visit, journeys.decisive_visit[person] == visit
    first = np.flatnonzero((purchases.nth == 0) & (purchases.via == ONLINE))
    bought = np.full(len(people), -1, dtype=np.int64)
    bought[purchases.person[first]] = first
    purchase = np.where(decides & ~people.is_business[person], bought[person], -1)
    ending = np.select(
        [rng.random(n) < BOUNCE[channel], rng.random(n) < 0.16],
        [BOUNCED, choose(rng, (0, 0, 0, 0, 3, 6, 3), n)],
        NOTHING,
    )
    ending = np.where(signs, np.where(rng.random(n) < 0.15, SIGNUP_AFTER_ERROR, SIGNUP), ending)
    ending = np.where(decides & (ending == BOUNCED), NOTHING, ending)
    ending = np.where(purchase >= 0, np.where(signs, SIGNUP_AND_PURCHASE, PURCHASE), ending)
    ending = np.where(decides & people.is_business[person], REQUEST, ending)
    device = journeys.device[person, visit]
    return Sessions(
        person=person,
        cookie=people.cookies(person, device),
        device_type=people.device_type[person, np.minimum(device, 2)],
        start=journeys.start[person, visit],
        channel=channel,
        arrival=journeys.arrival[person, visit],
        phase=np.where(people.is_business[person], STUDIO, np.where(visit < 2, EARLY, COMPARING)),
        ending=ending,
        purchase=purchase,
        identify=np.zeros(n, dtype=np.int64),
    )


def of_customers(rng: np.random.Generator, people: People, purchases: Purchases) -> Sessions:
    """Visits of customers: one for each repeat purchase online, and later visits for support or browsing."""
    repeat = np.flatnonzero((purchases.nth > 0) & (purchases.via == ONLINE))
    after = np.repeat(np.arange(len(purchases)), rng.poisson(1.1, len(purchases)))
    day = purchases.day[after] + rng.integers(1, 25, len(after))
    after, day = after[day < DAYS], day[day < DAYS]
    purchase = np.concatenate([repeat, np.full(len(after), -1, dtype=np.int64)])
    person = np.concatenate([purchases.person[repeat], purchases.person[after]])
    day = np.concatenate([purchases.day[repeat], day])
    n = len(person)
    # Repeat purchases come through the returning channels (mostly e-mail); half of the other visits are direct.
    channel = np.where((purchase < 0) & (rng.random(n) < 0.5), 0, choose(rng, RETURNING, n))
    device = device_of_visits(people, person, rng.random(n))
    return Sessions(
        person=person,
        cookie=people.cookies(person, device),
        device_type=people.device_type[person, np.minimum(device, 2)],
        start=START + day * DAY + times_of_day(rng, n),
        channel=channel,
        arrival=draw_arrivals(rng, channel, day),
        phase=np.where(purchase >= 0, COMPARING, SUPPORT),
        ending=np.where(purchase >= 0, PURCHASE, choose(rng, (90, 10, 0, 0, 0, 5, 2), n)),
        purchase=purchase,
        identify=np.zeros(n, dtype=np.int64),
    )


def of_clicks(rng: np.random.Generator, people: People, person: Ints, clicked: Ints, arrival: int) -> Sessions:
    """The visits that follow clicks in newsletters."""
    n = len(person)
    device = device_of_visits(people, person, rng.random(n))
    return Sessions(
        person=person,
        cookie=people.cookies(person, device),
        device_type=people.device_type[person, np.minimum(device, 2)],
        start=clicked + rng.integers(1, 6, n),
        channel=np.full(n, EMAIL),
        arrival=np.full(n, arrival),
        phase=np.where(people.is_business[person], STUDIO, COMPARING),
        ending=choose(rng, (80, 14, 0, 0, 1, 4, 1), n),
        purchase=np.full(n, -1),
        identify=np.zeros(n, dtype=np.int64),
    )


def tell_who(rng: np.random.Generator, sessions: Sessions, known: Ints) -> Sessions:
    """Decide which sessions identify their visitor: forms and orders always, logins and e-mails often."""
    n, ending = len(sessions), sessions.ending
    since = known[sessions.person]
    later = (since != NEVER) & (sessions.start > since + DAY)
    link = later & (sessions.channel == EMAIL) & (rng.random(n) < 0.6)
    login = later & (rng.random(n) < 0.28)
    identify = np.select(
        [link, login], [np.full(n, BY_EMAIL), np.where(rng.random(n) < 0.5, BY_EMAIL, BY_CONTACT)], BY_NOTHING
    )
    gives_phone = np.isin(ending, (*ORDERS, REQUEST)) & (rng.random(n) < 0.8)
    form = np.isin(ending, (*SIGNUPS, *ORDERS, REQUEST))
    return replace(sessions, identify=np.where(form, np.where(gives_phone, BY_EMAIL_AND_PHONE, BY_EMAIL), identify))


def enforce_spacing(sessions: Sessions) -> Sessions:
    """Drop sessions too close in time to another of the same cookie, unless they end in a form or an order.

    If two sessions with a form or an order are too close, the later one is moved to the device that the person borrows.
    """
    for _ in range(3):
        sessions, close, matters = _neighbours(sessions)
        drop = np.zeros(len(sessions), dtype=np.bool_)
        drop[1:] |= close & ~matters[1:]
        drop[:-1] |= close & matters[1:] & ~matters[:-1]
        if not drop.any():
            break
        sessions = sessions.where(~drop)
    sessions, close, _ = _neighbours(sessions)
    sessions.cookie[1:][close] += DEVICES_PER_PERSON - 1 - sessions.cookie[1:][close] % DEVICES_PER_PERSON
    return sessions


def _neighbours(sessions: Sessions) -> tuple[Sessions, Flags, Flags]:
    """Sort sessions by cookie and start; flag each one after the first that starts too soon, and those to keep."""
    sessions = sessions.where(np.lexsort((sessions.start, sessions.cookie)))
    close: Flags = (np.diff(sessions.cookie) == 0) & (np.diff(sessions.start) < APART)
    return sessions, close, np.isin(sessions.ending, (*SIGNUPS, *ORDERS, REQUEST))
