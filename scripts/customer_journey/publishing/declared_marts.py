"""What the project declares of its marts in their `.yml`: the key of each, what its columns refer to, descriptions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from customer_journey import audit
from customer_journey.paths import PROJECT
from customer_journey.project_files import read_yaml

_REFERENCE = re.compile(r"ref\('(\w+)'\)")


@dataclass(frozen=True)
class DeclaredMart:
    """A mart as its `.yml` has it.

    `key` are the columns that no two rows share, empty where none are declared; those of `may_be_null` need not be
    filled. `references` names, for a column, the mart and the column that have each of its values.
    """

    description: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    key: Sequence[str] = ()
    may_be_null: frozenset[str] = frozenset()
    references: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@cache
def declared_marts(project: Path = PROJECT) -> dict[str, DeclaredMart]:
    """Return the marts of the project by name, those that the build itself writes too."""
    declared = {name: _declared(table) for name, table in audit.described_tables().items()}
    for file in sorted((project / "models" / "marts").rglob("*.yml")):
        for model in read_yaml(file).get("models") or ():
            declared[model["name"]] = _declared(model)
    return declared


def _declared(entry: Mapping[str, Any]) -> DeclaredMart:
    """Read the entry of a model or of a source's table: its test `rules` and its `meta.grain` (tests/dbt/generic)."""
    rules: dict[str, Any] = {}
    for test in entry.get("data_tests") or ():
        if isinstance(test, dict) and "rules" in test:
            rules = test["rules"].get("arguments") or {}
    grain = ((entry.get("config") or {}).get("meta") or {}).get("grain")
    references = {**(rules.get("relationships") or {}), **(rules.get("required_relationships") or {})}
    return DeclaredMart(
        str(entry.get("description") or ""),
        {column["name"]: str(column.get("description") or "") for column in entry.get("columns") or ()},
        tuple(rules.get("key") or grain or ()),
        frozenset(rules.get("may_be_null") or ()),
        {column: _target(column, target) for column, target in references.items()},
    )


def _target(column: str, target: str | Mapping[str, str]) -> tuple[str, str]:
    text, referred = (target, column) if isinstance(target, str) else (target["to"], target["field"])
    found = _REFERENCE.search(text)
    return (found[1] if found else text, referred)
