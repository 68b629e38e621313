"""Comparing two published builds mart by mart and row by row, whichever engines built them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.publish import SCHEMA
from customer_journey.warehouse import quoted

# Marts that tell of runs, not of data.
TELL_OF_RUNS = frozenset({"audit_builds", "audit_checks", "bridge_person_changes", "build_info"})
# Relative; a parallel sum of floats differs in its last digits from one run to the next.
FLOAT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Difference:
    """How a mart of two builds differs: rows that one side alone has, and values that differ, by key."""

    mart: str
    rows: int
    examples: Sequence[str]


def published_file(output: Output) -> Path:
    """Return the file that holds, or lists, the published marts of an output folder.

    Raises:
        InputError: the folder has no published marts.
    """
    for file in (output.published, output.published_on_spark):
        if file.exists():
            return file
    raise InputError(f"{output.root}: no published marts here. Build it with scripts/build --out {output.root}.")


def compare(one: Path, other: Path, examples: int = 3) -> tuple[int, list[Difference]]:
    """Compare the marts of two files; return how many marts were compared, and those that differ.

    Each file is a DuckDB file with a schema of marts, or the list of files that a build on Spark leaves. A mart's first
    column is its key; rows of one key are told apart by all their values. The order of rows and of columns does not
    count, floats are equal within FLOAT_TOLERANCE.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        ones, others = _open(connection, "one", one), _open(connection, "other", other)
        differences = [Difference(mart, 0, [f"only {one} has this mart"]) for mart in sorted(ones - others)]
        differences += [Difference(mart, 0, [f"only {other} has this mart"]) for mart in sorted(others - ones)]
        shared = sorted((ones & others) - TELL_OF_RUNS)
        for mart in shared:
            difference = _difference(connection, mart, examples)
            if difference:
                differences.append(difference)
    return len(shared), differences


def _open(connection: duckdb.DuckDBPyConnection, side: str, file: Path) -> set[str]:
    """Make each mart a view in the schema `side` and return their names."""
    connection.execute(f"create schema {side}")
    if file.suffix == ".json":
        folders = json.loads(file.read_text(encoding="utf-8"))["marts"]
        sources = {mart: f"read_parquet('{quoted(folder)}/*.parquet')" for mart, folder in folders.items()}
    else:
        connection.execute(f"attach '{quoted(file)}' as file_{side} (read_only)")
        rows = connection.execute(
            "select table_name from duckdb_tables() where database_name = ? and schema_name = ?",
            [f"file_{side}", SCHEMA],
        ).fetchall()
        sources = {mart: f"file_{side}.{SCHEMA}.{mart}" for (mart,) in rows}
    for mart, source in sources.items():
        connection.execute(f"create view {side}.{mart} as from {source}")
    return set(sources)


def _difference(connection: duckdb.DuckDBPyConnection, mart: str, examples: int) -> Difference | None:
    columns = {side: _columns(connection, side, mart) for side in ("one", "other")}
    if columns["one"].keys() != columns["other"].keys():
        uneven = sorted(columns["one"].keys() ^ columns["other"].keys())
        return Difference(mart, 0, [f"only one side has {', '.join(uneven)}"])
    key, *values = columns["one"]
    numbered = {side: _numbered(side, mart, columns[side]) for side in ("one", "other")}
    differs = {column: _differs(column, columns["one"][column]) for column in values}
    any_differs = "".join(f" or {test}" for test in differs.values())
    joined = (
        f"from ({numbered['one']}) as one full join ({numbered['other']}) as other"
        f" on one.{key} is not distinct from other.{key} and one.occurrence = other.occurrence"
        f" where one.occurrence is null or other.occurrence is null{any_differs}"
    )
    count = connection.execute(f"select count(*) {joined}").fetchone()
    assert count is not None
    if not count[0]:
        return None
    shown = ", ".join(
        f"case when {test} then '{column}: ' || coalesce(one.{column}::varchar, 'null') || ' against '"
        f" || coalesce(other.{column}::varchar, 'null') end"
        for column, test in differs.items()
    )
    rows = connection.execute(
        f"select coalesce(one.{key}, other.{key})::varchar, one.occurrence is null, other.occurrence is null,"
        f" concat_ws(', '{', ' + shown if shown else ''}) {joined} order by 1, 4 limit {examples}"
    ).fetchall()
    return Difference(mart, int(count[0]), [_sentence(key, row) for row in rows])


def _sentence(key: str, row: Sequence[Any]) -> str:
    value, is_other_alone, is_one_alone, differing = row
    if is_one_alone or is_other_alone:
        return f"{key} {value}: only in the {'first' if is_one_alone else 'second'}"
    return f"{key} {value}: {differing}"


def _columns(connection: duckdb.DuckDBPyConnection, side: str, mart: str) -> dict[str, str]:
    rows = connection.execute(f"describe {side}.{mart}").fetchall()
    return {name: kind for name, kind, *_ in rows}


def _numbered(side: str, mart: str, columns: dict[str, str]) -> str:
    """Select a mart with its timestamps in UTC, and rows of one key numbered by their values."""
    key = next(iter(columns))
    selected = ", ".join(
        f"cast({name} as timestamp) as {name}" if kind.startswith("TIMESTAMP") else name
        for name, kind in columns.items()
    )
    # floats last: their last digits may differ, and must not decide which row is which
    ranked = sorted(columns, key=lambda name: columns[name] in ("DOUBLE", "FLOAT"))
    return (
        f"select {selected}, row_number() over (partition by {key} order by {', '.join(ranked)}) as occurrence"
        f" from {side}.{mart}"
    )


def _differs(column: str, kind: str) -> str:
    if kind not in ("DOUBLE", "FLOAT"):
        return f"one.{column} is distinct from other.{column}"
    # NaN is not near anything, though no difference from it is greater than another
    return (
        f"(one.{column} is distinct from other.{column} and not coalesce(isfinite(one.{column})"
        f" and isfinite(other.{column}) and abs(one.{column} - other.{column})"
        f" <= {FLOAT_TOLERANCE} * greatest(abs(one.{column}), abs(other.{column})), false))"
    )
