"""Which tool wrote a file: held against what the adapters of the project recognise their inputs by."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from customer_journey.paths import PROJECT


@dataclass(frozen=True)
class Input:
    """One export that an adapter reads: the columns that a file must have, and those that rule it out."""

    adapter: str
    name: str
    description: str
    recognised_by: frozenset[str]
    not_with: frozenset[str]


@dataclass(frozen=True)
class Adapter:
    """What an adapter says of itself in adapter.yml, and the raw tables that it makes."""

    key: str
    name: str
    needs_timezone: bool
    variables: dict[str, Any]
    inputs: tuple[Input, ...]
    tables: tuple[str, ...]


@cache
def adapters(folder: Path = PROJECT / "adapters") -> tuple[Adapter, ...]:
    """Return the adapters of the project, by name."""
    return tuple(_adapter(file) for file in sorted(folder.glob("*/adapter.yml")))


def recognised(columns: Sequence[str]) -> Input | None:
    """Return the input that a file with these columns is: of several that fit, the one that asks for most of them."""
    names = {column.strip().casefold() for column in columns}
    fitting = [
        found
        for adapter in adapters()
        for found in adapter.inputs
        if found.recognised_by <= names and not found.not_with & names
    ]
    return max(fitting, key=lambda found: len(found.recognised_by), default=None)


def _adapter(file: Path) -> Adapter:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    key = file.parent.name
    inputs = tuple(
        Input(
            key,
            name,
            str(found.get("description", "")),
            frozenset(str(column).strip().casefold() for column in found["recognised_by"]),
            frozenset(str(column).strip().casefold() for column in found.get("not_with") or ()),
        )
        for name, found in (document.get("inputs") or {}).items()
        if found.get("recognised_by")
    )
    tables = tuple(sorted(path.relative_to(file.parent).with_suffix("").as_posix() for path in file.parent.glob("*/*.sql")))
    return Adapter(
        key,
        str(document.get("name", key)),
        bool(document.get("needs_timezone")),
        dict(document.get("variables") or {}),
        inputs,
        tables,
    )
