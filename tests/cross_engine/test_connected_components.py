"""Connected components on both engines: DuckDB uses one recursive query, Spark rounds of tables."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from onboarding.macros import Macros

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Edges = Sequence[tuple[str, str]]


def shuffled_names(count: int) -> list[str]:
    names = [f"email:{number:05}@đ.vn" for number in range(count)]
    random.Random(1).shuffle(names)
    return names


CHAIN = shuffled_names(4_000)
STAR = shuffled_names(60)

GRAPHS: dict[str, tuple[Edges, set[frozenset[str]]]] = {
    "no edge": ([], set()),
    "one edge": ([("a", "b")], {frozenset("ab")}),
    "a chain in shuffled order": (list(pairwise(CHAIN)), {frozenset(CHAIN)}),
    "a star": ([(STAR[0], leaf) for leaf in STAR[1:]], {frozenset(STAR)}),
    "two components, one a ring": (
        [("a", "b"), ("b", "c"), ("a", "c"), ("d", "é"), ("é", "Đ")],
        {frozenset("abc"), frozenset("déĐ")},
    ),
    "a late bridge": (
        [("m", "n"), ("n", "o"), ("b", "c"), ("a", "b"), ("c", "o")],
        {frozenset("abcmno")},
    ),
}


def on_duckdb(edges: Edges, source: str) -> list[tuple[str, str]]:
    with duckdb.connect() as connection:
        connection.execute("create table edges (low varchar, high varchar)")
        if edges:
            connection.executemany("insert into edges values (?, ?)", edges)
        return connection.execute(Macros("duckdb").render(f"{{{{ connected_components('{source}') }}}}")).fetchall()


def on_spark(session: "SparkSession", edges: Edges, source: str) -> list[tuple[str, str]]:
    session.createDataFrame(list(edges), "low string, high string").createOrReplaceTempView("edges")

    def run_query(statement: str) -> SimpleNamespace:
        return SimpleNamespace(rows=[tuple(row) for row in session.sql(statement).collect()])

    def relation(schema: str, identifier: str, **_: Any) -> str:
        return f"{schema}.{identifier}"

    macros = Macros(
        "spark",
        execute=True,
        flags=SimpleNamespace(WHICH="run"),
        run_query=run_query,
        this=SimpleNamespace(database=None, schema="default", identifier="components"),
        api=SimpleNamespace(Relation=SimpleNamespace(create=relation)),
    )
    components = macros.render(f"{{{{ connected_components('{source}') }}}}")
    rows = [tuple(row) for row in session.sql(components).collect()]
    macros.render("{{ drop_round_tables() }}")
    assert session.sql("show tables in default like 'components*'").collect() == []
    return rows


Find = Callable[[Edges, str], list[tuple[str, str]]]


@pytest.fixture
def find(engine: str, request: pytest.FixtureRequest) -> Find:
    if engine == "duckdb":
        return on_duckdb
    session: SparkSession = request.getfixturevalue("spark")
    return lambda edges, source: on_spark(session, edges, source)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_component_is_all_that_is_linked_and_named_by_its_least_node(name: str, find: Find) -> None:
    edges, components = GRAPHS[name]
    found = find([(min(edge), max(edge)) for edge in edges], "edges")
    assert sorted(found) == sorted((node, min(component)) for component in components for node in component)


def test_edges_may_come_from_a_query(find: Find) -> None:
    found = find([("b", "a"), ("c", "b")], "(select high as low, low as high from edges)")
    assert sorted(found) == [("a", "a"), ("b", "a"), ("c", "a")]
