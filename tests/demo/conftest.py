"""The demo company, published once, and the raw rows from which tests recalculate its numbers."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.support.demo import Demo, built_demo
from tests.support.demo_rows import RawOrder, RawRows, orders_of, raw_rows_of


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo company as `scripts/build` publishes it. Tests only read it."""
    return built_demo(tmp_path_factory)


@pytest.fixture(scope="session")
def raw(demo: Demo) -> RawRows:
    """The raw rows, without those of the persons who asked to be erased."""
    return raw_rows_of(demo)


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def persons(demo: Demo) -> dict[str, str]:
    """The person of each identifier; nothing else is taken from the warehouse."""
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        rows = connection.execute("select identifier, person_id from intermediate.int_person_identifiers").fetchall()
    return dict(rows)


@pytest.fixture(scope="session")
def orders(raw: RawRows, persons: dict[str, str]) -> dict[str, RawOrder]:
    """Every accepted order by its id."""
    return orders_of(raw, persons)
