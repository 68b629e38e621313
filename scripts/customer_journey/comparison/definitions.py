"""Names the settings, stages, seeds and models that changed since the published build.

A figure that moves overnight has two possible causes, new rows or a new definition, and only the rows are visible in
it. The warehouse therefore keeps a digest of each definition of the published build and of the build at work.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Any

import duckdb

from customer_journey.nothing_new import digests_of_project
from customer_journey.settings import default_settings

Definitions = Mapping[tuple[str, str], str]

# kinds with short values: the line shows the old and the new value
_SETTING, _VERSION = "setting", "version of"
# the kind of a file, by the start of its path, the first that fits
_KINDS = (
    ("models/stages/", "stage definitions"),
    ("models/", "models"),
    ("seeds/", "seeds"),
    ("macros/", "macros"),
    ("adapters/", "adapters"),
    ("tests/dbt/", "checks"),
    ("expectations/", "checks"),
)
_LONGEST_VALUE = 60
_MOST_NAMES = 10


def definitions_in_force(settings: Mapping[str, Any]) -> Definitions:
    """Return the value or a digest of each definition of a build, by its kind and name."""
    # as-of changes every night
    in_force = {name: value for name, value in {**default_settings(), **settings}.items() if name != "as_of"}
    found = {(_SETTING, name): json.dumps(value, ensure_ascii=False) for name, value in in_force.items()}
    found |= {(_VERSION, name): version(name) for name in ("customer-journey", "dbt-core", "duckdb")}
    for path, digest in digests_of_project().items():
        kind = next((kind for start, kind in _KINDS if path.startswith(start)), None)
        # a .yml beside a model or seed only describes it
        if kind is not None and not (path.startswith(("models/", "seeds/")) and path.endswith(".yml")):
            found[kind, _name(path)] = digest
    return found


def _name(path: str) -> str:
    file = PurePosixPath(path)
    # each adapter has files of the same names
    return file.stem if file.parts[0] in ("models", "seeds", "macros") else "/".join(file.parts[1:])


def changed(
    connection: duckdb.DuckDBPyConnection, build_id: str, published_build: str | None, now: Definitions
) -> list[str]:
    """Keep the definitions of a build that begins, and return one line for each that the published build had otherwise.

    Returns nothing if no build is published, or if one of an earlier release is, which kept no definitions.
    """
    connection.execute(
        "create table if not exists private.definitions (build_id varchar, kind varchar, name varchar, value varchar)"
    )
    connection.execute("delete from private.definitions where build_id is distinct from ?", [published_build])
    before = {
        (kind, name): value
        for kind, name, value in connection.execute("select kind, name, value from private.definitions").fetchall()
    }
    connection.execute(
        "insert into private.definitions select ?, unnest(?), unnest(?), unnest(?)",
        [build_id, [kind for kind, _ in now], [name for _, name in now], list(now.values())],
    )
    return differences(before, now) if before else []


def differences(before: Definitions, now: Definitions) -> list[str]:
    """Return the lines: settings and versions with both values, everything else by name."""
    lines = []
    names: dict[str, list[str]] = {}
    for kind, name in sorted(before.keys() | now.keys()):
        was, value = before.get((kind, name)), now.get((kind, name))
        if was == value:
            continue
        if kind in (_SETTING, _VERSION):
            lines.append(f"{kind} {name}: {_short(was)} before, {_short(value)} now")
        else:
            what = " (new)" if was is None else " (removed)" if value is None else ""
            names.setdefault(kind, []).append(f"{name}{what}")
    return lines + [f"{kind}: {_listed(several)}" for kind, several in names.items()]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _short(value: str | None) -> str:
    if value is None:
        return "absent"
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
