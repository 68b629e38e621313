"""Recognises which tool wrote a file, by the signs that each adapter lists for its inputs."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from customer_journey.raw.adapters import Adapter, Input, known_adapters, load_adapter


class Recognised(NamedTuple):
    """The adapter that reads a file, by name, and which of its inputs the file is."""

    adapter: str
    input: Input


@cache
def adapters() -> dict[str, Adapter]:
    """Return the adapters of the project by the tool's name."""
    return {name: load_adapter(folder) for name, folder in known_adapters().items()}


def recognised(columns: Sequence[str]) -> Recognised | None:
    """Return the adapter input that a file with these columns is; of several, the one that requires most columns."""
    found = [
        Recognised(name, one) for name, adapter in adapters().items() if (one := adapter.input_of(columns)) is not None
    ]
    return max(found, key=lambda one: len(one.input.recognised_by), default=None)
