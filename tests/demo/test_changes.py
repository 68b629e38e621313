"""The figures that a build compares with those published before."""

import duckdb
from customer_journey.comparison.changes import changes


def test_every_figure_and_count_is_read_from_the_marts(marts: duckdb.DuckDBPyConnection) -> None:
    """Every compared figure can be read from the marts; a query that fails would be skipped silently."""

    def published(query: str) -> list[tuple[object, ...]]:
        return marts.execute(query).fetchall()

    def nothing(query: str) -> list[tuple[object, ...]]:
        return published(query)[:0]

    # from no data to the demo: new rows in each raw table, and the figures that changed most
    lines = changes(published, "marts", nothing)
    assert any(line.startswith("orders/orders: ") for line in lines)
    assert len([line for line in lines if " before, " in line]) == 5
    # equal marts show no change, and a query that fails would raise here
    assert changes(published, "marts", published) == []
