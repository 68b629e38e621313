"""Every macro of macros/cross_engine.sql, and some built on them, on both engines.

Expected values were worked out by hand, from calendars, tables of daylight saving and the rules of the formats; they
are in the folder `cases`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from onboarding.macros import Macros

from tests.cross_engine.cases import calendar, identity, money, statistics, texts, values

Query = Callable[[str], Sequence[tuple[Any, ...]]]

TOPICS = (calendar, identity, money, statistics, texts, values)
CASES = {name: cases for topic in TOPICS for name, cases in topic.CASES.items()}

# macros that run statements or create names instead of returning an expression
NO_EXPRESSIONS = {
    "drop_round_tables", "ensure_hash_key", "in_order_of", "load_csv_rows", "replace_table", "schema_prefix",
}  # fmt: skip


def table_of(macros: Macros, rows: Sequence[tuple[str | None, ...]]) -> str:
    """Write rows of texts, numbered, as a table with the columns number, x, y, z."""
    literals = [
        ", ".join(
            [str(number)]
            + [
                "cast(null as string)" if text is None else macros.context["string_literal"](text)
                for text in (*row, None, None)[:3]
            ]
        )
        for number, row in enumerate(rows)
    ]
    return f"(values ({'), ('.join(literals)})) as cases (number, x, y, z)"


@pytest.mark.parametrize("name", CASES)
def test_a_macro_gives_the_same_on_both_engines(name: str, engine: str, query: Query) -> None:
    cases = CASES[name]
    macros = Macros(engine, cases.settings)
    rows = [given if isinstance(given, tuple) else (given,) for given in cases.expected]
    answers = query(
        f"select number, cast({macros.render(cases.call)} as string) from {table_of(macros, rows)} order by number"
    )
    given = {row: answers[number][1] for number, row in enumerate(rows)}
    assert given == dict(zip(rows, cases.expected.values(), strict=True))


def test_every_macro_that_dispatches_has_cases() -> None:
    """Every macro that differs between the engines has a test case."""
    assert len(CASES) == sum(len(topic.CASES) for topic in TOPICS)
    calls = " ".join(case.call for case in CASES.values())
    dispatching = {name.removeprefix("spark__") for name in Macros("spark").context if name.startswith("spark__")}
    tested_otherwise = {
        "connected_components", "date_spine", "datetime_to_timestamp", "list_entries", "list_entry", "matches",
        "quantiles_of", "text_list",
    }  # fmt: skip
    assert {name for name in dispatching - NO_EXPRESSIONS - tested_otherwise if f"{name}(" not in calls} == set()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-02-27", "2026-03-02", ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]),
        ("2024-02-29", "2024-02-29", ["2024-02-29"]),
        ("2026-01-02", "2026-01-01", []),
    ],
)
def test_date_spine(first: str, last: str, expected: list[str], engine: str, query: Query) -> None:
    table = Macros(engine).render("{{ date_spine(\"date '" + first + "'\", \"date '" + last + "'\") }}")
    rows = query(f"select cast(date_day as string) from {table} as days order by date_day")
    assert [day for (day,) in rows] == expected


def test_list_entries(engine: str, query: Query) -> None:
    """A text without entries gives no row."""
    entries = Macros(engine).render("{{ list_entries('x') }}")
    table = "(values ('two', 'a;b'), ('one', 'c'), ('none', null)) as lists (name, x)"
    rows = query(f"select name, {entries} as entry from {table}")
    assert sorted(rows) == [("one", "c"), ("two", "a"), ("two", "b")]


def test_quantiles_of(engine: str, query: Query) -> None:
    """A quantile is the smallest value that its share of the values do not exceed; missing values do not count.

    Of 10, 20, 30, 40 a quarter is at most 10, half at most 20, three quarters at most 30. A quarter of 1 to 5 takes two
    values, half three, three quarters four. A group without a value has none.
    """
    macros = Macros(engine)
    quantiles = macros.render("{{ quantiles_of('x', [0.25, 0.5, 0.75]) }}")
    places = [macros.render("{{ list_entry('quantiles', " + str(place) + ") }}") for place in (1, 2, 3)]
    values = "('even', 40), ('even', 10), ('even', null), ('even', 30), ('even', 20), ('none', null), "
    values += ", ".join(f"('odd', {number})" for number in (5, 3, 1, 2, 4))
    table = f"select name, {quantiles} as quantiles from (values {values}) as cases (name, x) group by name"
    rows = query(f"select name, {', '.join(f'cast({place} as bigint)' for place in places)} from ({table}) as t")
    assert sorted(rows) == [("even", 10, 20, 30), ("none", None, None, None), ("odd", 2, 3, 4)]


def test_addresses_and_numbers_in_texts(engine: str, query: Query) -> None:
    """Addresses and phone numbers are found in texts as a reader sees them."""
    macros = Macros(engine)
    texts = (
        "('link', 'https://a.vn/?e=Hoa%2540shop.vn&p=%2B84%20987%20654%20321'), ('two', 'a@b.vn; (0912) 345 678!'),"
        " ('neither', '2026-01-02 03:04'), ('none', null)"
    )
    written = macros.render("{{ readable_text('x') }}")
    readable = f"select name, {written} as x from (values {texts}) as texts (name, x)"
    parts = {macro: macros.render("{{ " + macro + "('x') }}") for macro in ("addresses_in", "numbers_in")}
    found = {macro: sorted(query(f"select name, {part} as part from ({readable})")) for macro, part in parts.items()}
    assert found == {
        "addresses_in": [("link", "Hoa@shop.vn"), ("two", "a@b.vn")],
        "numbers_in": [("link", "+84 987 654 321"), ("two", " (0912) 345 678!")],
    }


def test_text_list(engine: str, query: Query) -> None:
    """Texts are joined in the given order, numbers by value and not by digits; missing ones are left out."""
    rows = "('g', 10, 'sau'), ('g', 9, null), ('g', 2, 'trước'), ('empty', 1, null), ('one', 1, '')"
    listed = Macros(engine).render("{{ text_list('text', order_by='place', separator=' > ') }}")
    select = f"select name, {listed} from (values {rows}) as listed (name, place, text) group by name order by name"
    assert query(select) == [("empty", None), ("g", "trước > sau"), ("one", "")]


def test_a_missing_value_comes_first_unless_told(query: Query) -> None:
    """Nulls sort first on both engines; the profile sets DuckDB to do as Spark does."""
    table = "(values (1, 'b'), (2, null), (3, 'a')) as cases (number, x)"
    assert [row[0] for row in query(f"select number from {table} order by x")] == [2, 3, 1]
    assert [row[0] for row in query(f"select number from {table} order by x desc")] == [1, 3, 2]
    assert [row[0] for row in query(f"select number from {table} order by x nulls last")] == [3, 1, 2]
    ranked = query(f"select number, row_number() over (order by x) as place from {table} order by number")
    assert [row[1] for row in ranked] == [3, 1, 2]


def test_division_by_zero_is_null(query: Query) -> None:
    table = "(values (1, 0)) as cases (x, y)"
    assert query(f"select x / y, cast(x as double) / y, cast(x as decimal(18, 4)) / y, x % y from {table}") == [
        (None, None, None, None)
    ]
