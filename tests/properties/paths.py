"""Random touches and conversions, drawn by hypothesis; the same ones in every run."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tools.attribution_alone import create_inputs

from tests.support.draws import independent_of_what_is_imported

START = datetime(2026, 1, 1)
CHANNELS = ("direct", "email", "organic_search", "paid_search", "referral", "store")
CONVERSION_TYPES = ("order", "lead", "opportunity")


def hashed(name: str) -> str:
    """Return an id of 32 digits as models expect; the 15th digit is the one in which twins differ."""
    digits = hashlib.md5(name.encode()).hexdigest()
    return f"{digits[:14]}0{digits[15:]}"


def twin_of(hashed_id: str) -> str:
    """Return the id of a twin: a different key, with the same order among the ids of twins."""
    return f"{hashed_id[:14]}1{hashed_id[15:]}"


@dataclass(frozen=True)
class Touch:
    """A touch of a person."""

    touchpoint_id: str
    person_id: str
    touched_at: datetime
    channel: str
    is_attributable: bool = True


@dataclass(frozen=True)
class Conversion:
    """A conversion of a person."""

    conversion_id: str
    person_id: str
    conversion_type: str
    converted_at: datetime
    revenue: Decimal


@dataclass(frozen=True)
class World:
    """The touches and conversions of all persons."""

    touches: list[Touch]
    conversions: list[Conversion]

    def write(self, folder: Path) -> None:
        """Write the world as the tables that the attribution models read."""
        with create_inputs(folder) as connection:
            connection.executemany(
                "insert into intermediate.int_touchpoints values (?, ?, ?, ?, '(none)', ?)",
                [
                    (one.touchpoint_id, one.person_id, one.touched_at, one.channel, one.is_attributable)
                    for one in self.touches
                ],
            )
            connection.executemany(
                "insert into marts.fct_conversions (conversion_id, person_id, conversion_type, converted_at, revenue)"
                " values (?, ?, ?, ?, ?)",
                [
                    (one.conversion_id, one.person_id, one.conversion_type, one.converted_at, one.revenue)
                    for one in self.conversions
                ],
            )

    def with_channels_swapped_in_twins(self, one: str, other: str) -> "World":
        """Return the world where each person has a twin who touched channel `one` instead of `other` and vice versa."""
        swapped = {one: other, other: one}
        return World(
            [
                twin
                for touch in self.touches
                for twin in (
                    touch,
                    replace(
                        touch,
                        touchpoint_id=twin_of(touch.touchpoint_id),
                        person_id=twin_of(touch.person_id),
                        channel=swapped.get(touch.channel, touch.channel),
                    ),
                )
            ],
            [
                twin
                for conversion in self.conversions
                for twin in (
                    conversion,
                    replace(
                        conversion,
                        conversion_id=twin_of(conversion.conversion_id),
                        person_id=twin_of(conversion.person_id),
                    ),
                )
            ],
        )

    def with_idle_visitors(self, channel: str, count: int) -> "World":
        """Return the world plus as many visitors who touched one channel once or twice and never converted."""
        idle = [
            Touch(
                hashed(f"idle-{number}-{again}"),
                hashed(f"idle-{number}"),
                START + timedelta(days=number + again),
                channel,
            )
            for number in range(count)
            for again in range(1 + number % 2)
        ]
        return World(self.touches + idle, self.conversions)

    def reordered(self) -> "World":
        """Return the same world, its rows in another order."""
        return World(
            sorted(self.touches, key=lambda touch: touch.touchpoint_id[::-1], reverse=True),
            sorted(self.conversions, key=lambda conversion: conversion.conversion_id[::-1], reverse=True),
        )


# few moments, so that touches coincide with each other and with conversions; more days than the lookback
_MOMENTS = st.builds(
    lambda day, hour: START + timedelta(days=day, hours=hour), st.integers(0, 130), st.sampled_from((8, 8.5, 20))
)
_TOUCHES = st.tuples(_MOMENTS, st.sampled_from(CHANNELS), st.integers(0, 9).map(bool))
_CONVERSIONS = st.tuples(_MOMENTS, st.sampled_from(CONVERSION_TYPES), st.integers(0, 10**6))
_HISTORIES = st.tuples(
    st.one_of(st.lists(_TOUCHES, max_size=3), st.lists(_TOUCHES, min_size=5, max_size=12)),
    st.lists(_CONVERSIONS, max_size=4),
)


def draw_world(persons: int) -> World:
    """Draw the touches and conversions of this many persons."""
    world = World([], [])
    numbers = iter(range(persons + 1))

    @settings(
        max_examples=persons,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_HISTORIES)
    def draw(history: tuple[Iterable[tuple[datetime, str, bool]], Iterable[tuple[datetime, str, int]]]) -> None:
        person = hashed(f"p{next(numbers):04d}")
        world.touches.extend(_touches(person, history[0]))
        world.conversions.extend(_conversions(person, history[1]))

    with independent_of_what_is_imported():
        draw()
    return world


def _touches(person: str, drawn: Iterable[tuple[datetime, str, bool]]) -> Iterator[Touch]:
    for number, (touched_at, channel, is_attributable) in enumerate(drawn):
        yield Touch(hashed(f"{person}-t{number}"), person, touched_at, channel, is_attributable)


def _conversions(person: str, drawn: Iterable[tuple[datetime, str, int]]) -> Iterator[Conversion]:
    for number, (converted_at, conversion_type, cents) in enumerate(drawn):
        yield Conversion(hashed(f"{person}-c{number}"), person, conversion_type, converted_at, Decimal(cents) / 100)
