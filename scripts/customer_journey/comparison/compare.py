"""Comparing two published builds mart by mart and row by row, whichever engines built them."""

import bisect
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from customer_journey.publishing.published import attach_marts, reading_marts

# Marts about builds, not about data: they always differ.
ABOUT_BUILDS = frozenset({"audit_builds", "audit_checks", "bridge_person_changes", "build_info"})
# Relative: a parallel sum of floats differs in its last digits from run to run.
FLOAT_TOLERANCE = 1e-9
# Relative, for the CLV fit: a maximum likelihood fit ends near the optimum, not exactly on it.
FITTED_TOLERANCE = 1e-6
_FITTED = "kpi_clv"
_SIDES = ("one", "other")
_FLOATS = ("DOUBLE", "FLOAT")
_NUMBERS = (*_FLOATS, "DECIMAL", "HUGEINT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT")


@dataclass(frozen=True)
class Comparison:
    """The comparison of one mart of two builds.

    `equal` is the number of rows that agree in every shared column, `rows` the number of those that differ or that one
    side lacks. `columns_alone` are columns of one side only, `columns_left_out` columns excluded by the caller.
    `rows_alone` and `columns_of_each` give, for the first and the second side, what the other lacks of them.
    `changed_columns` counts, for each column, the rows of both sides whose values differ.
    """

    mart: str
    rows: int = 0
    examples: Sequence[str] = ()
    equal: int = 0
    key: Sequence[str] = ()
    columns_alone: Sequence[str] = ()
    columns_left_out: Sequence[str] = ()
    is_shared: bool = True
    is_only_in_first: bool = False
    rows_alone: tuple[int, int] = (0, 0)
    columns_of_each: tuple[Sequence[str], Sequence[str]] = ((), ())
    changed_columns: Mapping[str, int] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether the two sides differ in a row, in a column, or in having the mart."""
        return bool(self.rows or self.columns_alone or not self.is_shared)


def compare(one: Path, other: Path, examples: int = 3) -> tuple[int, list[Comparison]]:
    """Compare the marts of two files; return how many marts were compared, and those that differ."""
    marts = list(compare_marts(one, other, examples))
    return sum(mart.is_shared for mart in marts), [mart for mart in marts if mart.differs]


def compare_marts(one: Path, other: Path, examples: int = 3, *, left_out: Collection[str] = ()) -> Iterator[Comparison]:
    """Compare the marts of two files; first come the marts that only one side has.

    Each file is a DuckDB file with a schema of marts, or the list of files that a build on Spark writes. Rows are
    matched by their grain: the fewest leading columns that are unique on both sides. Rows with the same grain are
    matched by all their values. The order of rows and columns is ignored; floats are equal within FLOAT_TOLERANCE,
    those of the CLV fit within FITTED_TOLERANCE.

    `left_out` names columns, as mart.column, that are not compared.
    """
    with reading_marts(one, other) as connection:
        ones, others = attach_marts(connection, "one", one), attach_marts(connection, "other", other)
        for side, file, marts in (("one", one, ones - others), ("other", other, others - ones)):
            for mart in sorted(marts):
                rows = _count(connection, f"{side}.{mart}")
                alone = (rows, 0) if side == "one" else (0, rows)
                yield Comparison(
                    mart,
                    examples=[f"only {file} has this mart"],
                    is_shared=False,
                    is_only_in_first=side == "one",
                    rows_alone=alone,
                )
        for mart in sorted((ones & others) - ABOUT_BUILDS):
            yield _Mart(connection, mart, left_out).compare(examples)


class _Mart:
    """A mart of both sides, restricted to the shared columns."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str, left_out: Collection[str]) -> None:
        self._connection = connection
        self._name = name
        kinds = {side: self._kinds(side) for side in _SIDES}
        ones, others = kinds["one"], kinds["other"]
        wanted = [column for column in {**others, **ones} if f"{name}.{column}" not in left_out]
        self._columns_left_out = [column for column in {**others, **ones} if column not in wanted]
        self._columns_of_each = (
            sorted(column for column in wanted if column not in others),
            sorted(column for column in wanted if column not in ones),
        )
        self._columns_alone = sorted([*self._columns_of_each[0], *self._columns_of_each[1]])
        # in the order of the other side, so that it is the same for both
        self._columns = [column for column in others if column in wanted and column in ones]
        self._floats = {column for column in self._columns if ones[column] in _FLOATS or others[column] in _FLOATS}
        for side in _SIDES:
            selected = ", ".join(
                f'{_comparable(column, ones[column], others[column])} as "{column}"' for column in self._columns
            )
            connection.execute(f"create or replace temp view read_{side} as select {selected} from {side}.{name}")

    def compare(self, examples: int) -> Comparison:
        """Count the equal and the different rows, and show some of the latter."""
        key = self._key()
        differs = {column: self._differs(column) for column in self._columns if column not in key}
        is_alone = "one.occurrence is null or other.occurrence is null"
        matched = "".join(f"one.{name} is not distinct from other.{name} and " for name in map(_quoted, key))
        joined = (
            f"from ({self._numbered('one', key)}) as one full join ({self._numbered('other', key)}) as other"
            f" on {matched}one.occurrence = other.occurrence"
        )
        different = " or ".join([is_alone, *differs.values()])
        counted = [different, "other.occurrence is null", "one.occurrence is null"]
        counted += [f"not ({is_alone}) and {test}" for test in differs.values()]
        filters = ", ".join(f"count(*) filter (where {condition})" for condition in counted)
        counts = self._connection.execute(f"select count(*), {filters} {joined}").fetchone()
        assert counts is not None
        every, differing, only_one, only_other, *changed = counts
        findings = [f"only one side has {', '.join(self._columns_alone)}"] if self._columns_alone else []
        if differing:
            findings += self._examples(key, differs, f"{joined} where {different}", examples)
        return Comparison(
            self._name,
            differing,
            findings,
            every - differing,
            key,
            self._columns_alone,
            self._columns_left_out,
            rows_alone=(only_one, only_other),
            columns_of_each=self._columns_of_each,
            changed_columns={column: rows for column, rows in zip(differs, changed, strict=True) if rows},
        )

    def _kinds(self, side: str) -> dict[str, str]:
        rows = self._connection.execute(f"describe {side}.{self._name}").fetchall()
        return {name: kind for name, kind, *_ in rows}

    def _key(self) -> list[str]:
        """Return the fewest leading columns, without floats, that are unique on both sides.

        If rows repeat on one side, return those that are unique on the other; if on both, return every column.
        """
        columns = [column for column in self._columns if column not in self._floats]
        lengths = [
            bisect.bisect_left(
                range(1, len(columns) + 1), True, key=lambda length: self._is_unique(side, columns[:length])
            )
            + 1
            for side in _SIDES
        ]
        known = [length for length in lengths if length <= len(columns)]
        return columns[: max(known, default=len(columns))]

    def _is_unique(self, side: str, columns: Sequence[str]) -> bool:
        row = self._connection.execute(
            f"select (select count(*) from read_{side})"
            f" = (select count(*) from (select distinct {_listed(columns)} from read_{side}))"
        ).fetchone()
        assert row is not None
        return bool(row[0])

    def _numbered(self, side: str, key: Sequence[str]) -> str:
        """Return the SELECT of a side in which rows with the same key are numbered in the order of their values."""
        if self._is_unique(side, key):
            return f"select *, 1 as occurrence from read_{side}"
        # floats come last: their last digits may differ, and must not decide the order
        ranked = sorted(
            (column for column in self._columns if column not in key), key=lambda name: name in self._floats
        )
        order = f" order by {_listed(ranked)}" if ranked else ""
        return f"select *, row_number() over (partition by {_listed(key)}{order}) as occurrence from read_{side}"

    def _differs(self, column: str) -> str:
        one, other = f"one.{_quoted(column)}", f"other.{_quoted(column)}"
        if column not in self._floats:
            return f"{one} is distinct from {other}"
        tolerance = FITTED_TOLERANCE if self._name.startswith(_FITTED) else FLOAT_TOLERANCE
        # to DuckDB NaN equals NaN and exceeds all numbers, so it is excluded from the tolerance explicitly
        return (
            f"({one} is distinct from {other} and not coalesce(isfinite({one}) and isfinite({other})"
            f" and abs({one} - {other}) <= {tolerance} * greatest(abs({one}), abs({other})), false))"
        )

    def _examples(self, key: Sequence[str], differs: Mapping[str, str], differing: str, limit: int) -> list[str]:
        keys = ", ".join(f"coalesce(one.{name}::varchar, other.{name}::varchar, 'null')" for name in map(_quoted, key))
        shown = ", ".join(
            f"case when {test} then '{column}: ' || coalesce(one.{_quoted(column)}::varchar, 'null') || ' against '"
            f" || coalesce(other.{_quoted(column)}::varchar, 'null') end"
            for column, test in differs.items()
        )
        rows = self._connection.execute(
            f"select one.occurrence is null, other.occurrence is null, concat_ws(', ', null, {shown or 'null'}), {keys}"
            f" {differing} order by {_positions(4, len(key))}, 3 limit {limit}"
        ).fetchall()
        return [_sentence(key, row) for row in rows]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def _positions(first: int, count: int) -> str:
    return ", ".join(str(position) for position in range(first, first + count))


def _comparable(column: str, one: str, other: str) -> str:
    """Return the expression that makes a column, of these types on the two sides, comparable with that of the other."""
    expression = _quoted(column)
    if one.startswith("TIMESTAMP") and other.startswith("TIMESTAMP"):
        # Spark's timestamps carry a zone, which is UTC
        return f"cast({expression} as timestamp)"
    if one != other and not (one.startswith(_NUMBERS) and other.startswith(_NUMBERS)):
        return f"cast({expression} as varchar)"
    return expression


def _quoted(column: str) -> str:
    return f'"{column}"'


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _sentence(key: Sequence[str], row: Sequence[Any]) -> str:
    is_other_alone, is_one_alone, differing, *values = row
    where = ", ".join(f"{column} {value}" for column, value in zip(key, values, strict=True))
    if is_one_alone or is_other_alone:
        return f"{where}: only in the {'first' if is_one_alone else 'second'}"
    return f"{where}: {differing}"
