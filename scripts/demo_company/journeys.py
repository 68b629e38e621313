"""Planned visits and their true effects on signing up, buying for the first time, or making a request to sales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_company import vocabulary as words
from demo_company.arrivals import draw_arrivals
from demo_company.channels import CHANNELS, DIRECT, EFFECTS, EMAIL, FIRST, LATER, SIGNUP_EFFECTS
from demo_company.columns import Flags, Floats, Ints, choose, sigmoid, unit
from demo_company.people import People, device_of_visits
from demo_company.world import DAY, DAYS, EXPERIMENTS, HAZARDS, MAX_VISITS, START

HOUR_PULL = (1, 0.5, 0.3, 0.2, 0.3, 0.6, 1.5, 2.5, 4, 5, 5.5, 5.5, 6, 5, 5, 5, 5, 5, 5.5, 7, 8.5, 0, 0, 0)
"""Weight of visits by local hour. None start after 21:00, so that each visit ends on the day on which it began."""


@dataclass(frozen=True)
class Journeys:
    """Planned visits of each person (row) in order (column), up to and including the converting visit."""

    happens: Flags
    day: Ints
    start: Ints
    channel: Ints
    arrival: Ints
    device: Ints
    signup_visit: Ints
    """The visit on which the person signed up, -1 for none."""
    decisive_visit: Ints
    """The visit that led to the first purchase or the request to sales, -1 for none."""
    expected: Floats
    """Expected conversions of consumers: first with all channels, then with each channel left out in turn."""

    def at(self, visits: Ints, values: Ints) -> Ints:
        """The value at one visit of each person (visit -1 takes the first visit)."""
        return values[np.arange(len(visits)), np.maximum(visits, 0)]


def times_of_day(rng: np.random.Generator, size: int | tuple[int, ...]) -> Ints:
    """Draw start times of visits, in seconds since local midnight."""
    return choose(rng, HOUR_PULL, size) * 3_600 + rng.integers(0, 3_600, size)


def variant_of(cookies: Ints, experiment: int) -> Ints:
    """The variant that a cookie is assigned to."""
    edges = np.cumsum(EXPERIMENTS[experiment].shares)
    drawn: Ints = np.searchsorted(edges[:-1], unit(cookies, salt=100 + experiment), side="right").astype(np.int64)
    return drawn


def plan_journeys(rng: np.random.Generator, people: People) -> Journeys:
    """Plan everybody's visits and decide, visit by visit, who signs up and who converts."""
    n, everybody = len(people), np.arange(len(people))
    planned = 1 + np.minimum(
        rng.poisson(np.exp(0.30 + 0.55 * people.interest + 0.5 * people.is_business)), MAX_VISITS - 1
    )
    gaps = 1 + np.floor(rng.lognormal(1.25, 1.1, (n, MAX_VISITS))).astype(np.int64)
    gaps[:, 0] = 0
    day = people.first_day[:, None] + np.cumsum(gaps, axis=1)
    start = START + day * DAY + times_of_day(rng, (n, MAX_VISITS))
    possible = (np.arange(MAX_VISITS) < planned[:, None]) & (day < DAYS)
    channel = choose(rng, LATER, (n, MAX_VISITS))
    channel[:, 0] = choose(rng, FIRST, n)
    device = np.stack([device_of_visits(people, everybody, c) for c in rng.random((MAX_VISITS, n))], axis=1)
    chance = rng.random((2, n, MAX_VISITS))

    signup_visit, decisive_visit = np.full(n, -1, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    taste = HAZARDS.interest * people.interest + np.where(
        people.is_business, 0.0, np.array(words.PERSONA_TASTE)[people.persona]
    )
    base = np.where(people.is_business, HAZARDS.request, HAZARDS.purchase) + taste
    earlier = np.zeros(n)
    survival = np.ones((1 + len(CHANNELS), n))
    brought = np.zeros((len(CHANNELS), n))
    for visit in range(MAX_VISITS):
        going = possible[:, visit]
        # Nobody gets e-mails before signing up: such a visit is direct instead.
        channel[(channel[:, visit] == EMAIL) & (signup_visit < 0), visit] = DIRECT
        came_by = channel[:, visit]
        signs = (
            going
            & (signup_visit < 0)
            & (chance[0, :, visit] < sigmoid(HAZARDS.signup + 0.6 * people.interest + SIGNUP_EFFECTS[came_by]))
        )
        signup_visit[signs & (decisive_visit < 0)] = visit
        lift = _lift(people, everybody, device[:, visit], day[:, visit])
        odds = base + HAZARDS.signed_up * (signup_visit >= 0) + EFFECTS[came_by] + HAZARDS.carry_over * earlier
        converts = np.minimum(sigmoid(odds) * lift, 1.0)
        decisive_visit[going & (decisive_visit < 0) & (chance[1, :, visit] < converts)] = visit
        survival[0] *= 1 - converts * going
        for code in range(len(CHANNELS)):
            without = np.minimum(sigmoid(odds - HAZARDS.carry_over * brought[code]) * lift, 1.0)
            survival[1 + code] *= 1 - without * (going & (came_by != code))
        earlier += np.where(going, EFFECTS[came_by], 0.0)
        brought[came_by[going], everybody[going]] += EFFECTS[came_by[going]]

    last = np.where(decisive_visit < 0, MAX_VISITS, decisive_visit)
    return Journeys(
        happens=possible & (np.arange(MAX_VISITS) <= last[:, None]),
        day=day,
        start=start,
        channel=channel,
        arrival=draw_arrivals(rng, channel, day),
        device=device,
        signup_visit=signup_visit,
        decisive_visit=decisive_visit,
        expected=(1 - survival[:, ~people.is_business]).sum(axis=1),
    )


def _lift(people: People, everybody: Ints, device: Ints, day: Ints) -> Floats:
    """The factor by which the variants of running experiments change the chance that a visit converts."""
    factor = np.ones(len(people))
    cookies = people.cookies(everybody, device)
    for number, experiment in enumerate(EXPERIMENTS):
        running = (day >= experiment.first_day) & (day <= experiment.last_day) & ~people.is_business
        lifts = np.array(experiment.lifts)[variant_of(cookies, number)]
        factor *= np.where(running, 1 + lifts, 1.0)
    return factor
