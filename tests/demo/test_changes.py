"""The figures that a build compares with those published before."""

import duckdb
from customer_journey.changes import changes


def test_every_figure_and_count_is_read_from_the_marts(marts: duckdb.DuckDBPyConnection) -> None:
    """Every compared figure can be read from the marts; a query that fails would be skipped silently."""

    def published(query: str) -> list[tuple[object, ...]]:
        return marts.execute(query).fetchall()

    def nothing(query: str) -> list[tuple[object, ...]]:
        return published(query)[:0]

    # from nothing to the demo: each raw table has new rows, and the figures that moved most are told
    lines = changes(published, "marts", nothing)
    assert any(line.startswith("orders/orders: ") for line in lines)
    assert len([line for line in lines if " before, " in line]) == 5
    # the same marts tell of no change, and a query that fails would raise here
    assert changes(published, "marts", published) == []
