"""Example conditions in descriptions and docs/bi.md, such as `where framework = …`, which analysts copy."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT

from tests.support.demo import Demo

EXAMPLE = re.compile(r"`(where [^`]+)`")
# `kpi_nps where survey_kind = 'relational' and dimension = 'all'`, `kpi_csat`, `kpi_ces` `where …`
IN_TABLE = re.compile(r"`(\w+) (where [^`]+)`")
# rows of these marts belong to one value of these columns; sums over all values are meaningless
SLICES = frozenset({"framework", "attribution_model", "conversion_type", "month_basis", "survey_kind", "dimension"})


@dataclass(frozen=True)
class Example:
    """A condition on a mart, and where it is written."""

    place: str
    mart: str
    condition: str


def examples() -> Iterator[Example]:
    """All conditions of the marts' descriptions and of docs/bi.md."""
    for file in sorted((PROJECT / "models" / "marts").rglob("*.yml")):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models") or []:
            for condition in EXAMPLE.findall(" ".join(model["description"].split())):
                yield Example(file.name, model["name"], condition)
    for line in (PROJECT / "docs" / "bi.md").read_text(encoding="utf-8").splitlines():
        for mart, condition in IN_TABLE.findall(line):
            yield Example("docs/bi.md", mart, condition)


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "example", examples(), ids=lambda example: f"{example.place}: {example.mart} {example.condition}"
)
def test_an_example_finds_rows_that_add_up(example: Example, marts: duckdb.DuckDBPyConnection) -> None:
    """The rows of each example can be summed: they mix no frameworks, nor `all` with its parts."""
    columns = dict(
        marts.execute(
            "select column_name, data_type from information_schema.columns where table_name = ?", [example.mart]
        ).fetchall()
    )
    slices = {column for column in columns if column in SLICES}
    for column, data_type in columns.items():
        if data_type == "VARCHAR" and column != "dimension_value":
            (has_all,) = marts.execute(f"select bool_or({column} = 'all') from marts.{example.mart}").fetchall()[0]
            slices |= {column} if has_all else set()
    if re.search(r"\bperiod\b", example.condition):
        # the period determines it
        slices -= {"period_type"}
    unnamed = {column for column in slices if not re.search(rf"\b{column}\b", example.condition)}
    assert not unnamed, f"says nothing of {', '.join(sorted(unnamed))}"
    found = marts.execute(f"select count(*) from marts.{example.mart} {example.condition}").fetchall()
    assert found[0][0] > 0


def test_there_are_examples() -> None:
    """Examples are found at all; otherwise a change of wording would leave nothing to test."""
    assert len(list(examples())) > 60
