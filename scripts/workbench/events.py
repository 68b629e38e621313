"""Which events persons have in a build: a definition on an event that nobody has is right, and empty."""

from collections.abc import Mapping, Sequence

import duckdb
from customer_journey.errors import InputError
from customer_journey.landing.landed import kind_of
from customer_journey.paths import Output
from customer_journey.raw.mapping import did_you_mean_one

_EVENTS = "int_person_events"
# the most event types named in a line, the most frequent first
_NAMED = 15


def lines_on_events(output: Output, signals: Sequence[str], is_named: bool) -> list[str]:
    """Return a line on each signal that nobody has in a build; none where nothing is built and nobody named a folder.

    Raises:
        InputError: `is_named`, and the folder holds no build that could be looked at.
    """
    if not output.warehouse.exists():
        if is_named:
            raise InputError(f"--out {output.root}: there is no build here whose events could be checked.")
        return []
    try:
        events = _events(output)
    except duckdb.Error:  # a build is at work, or the file is damaged
        events = None
    if events is None:
        return [f"events  not checked: {output.root} cannot be read now, or was built on Spark"]
    unknown = [signal for signal in signals if signal not in events]
    commonest = sorted(events, key=lambda event: (-events[event], event))
    more = f" and {len(commonest) - _NAMED} more" if len(commonest) > _NAMED else ""
    known = ", ".join(f"{event} ({events[event]:,})" for event in commonest[:_NAMED]) + more
    count = "0 episodes" if len(unknown) == len(signals) else "no episode of it"
    return [
        f"nobody  has the event {signal} in {output.root}: {count}"
        f"{did_you_mean_one(signal, events) or '.'} Known events are {known}."
        for signal in unknown
    ]


def _events(output: Output) -> Mapping[str, int] | None:
    """Return how often each event type is there; None where the build has no such model."""
    with duckdb.connect(str(output.warehouse), read_only=True) as connection:
        if kind_of(connection, "intermediate", _EVENTS) is None:
            return None
        return dict(
            connection.execute(
                f"select event_type, count(*) from intermediate.{_EVENTS} group by event_type"
            ).fetchall()
        )
