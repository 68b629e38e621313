"""Every mart of the demo company in PostgreSQL equals the published file, compared by SQL on both sides."""

import math
from decimal import Decimal
from typing import Any

import duckdb
import psycopg
import pytest
from customer_journey.paths import Output
from customer_journey.publishing import postgres
from customer_journey.publishing.postgres_server import server_of

from tests.support.demo import Demo, built_demo
from tests.support.postgres import PostgresServer

# the sums that are compared for each kind of column, on DuckDB and on PostgreSQL
SUMS = {
    "VARCHAR": ("sum(strlen({0}))", "sum(octet_length({0}))"),
    "BOOLEAN": ("count(*) filter (where {0})",) * 2,
    "TIMESTAMP": ("sum(epoch_us({0}))", "sum((extract(epoch from {0}) * 1000000)::bigint)"),
    "DATE": ("sum({0} - date '2000-01-01')",) * 2,
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return built_demo(tmp_path_factory)


def test_every_mart_has_its_rows_sums_and_comments(demo: Demo, server: PostgresServer) -> None:
    """Row counts, non-null counts and sums of each column agree; for texts, bytes and distinct values."""
    database = server.new_database("demo")
    told = postgres.publish(Output(demo.out), server_of(server.url(database), "--to"), postgres.READER, lambda *_: None)
    with duckdb.connect(str(demo.published), read_only=True) as file, server.connect(database) as connection:
        kinds: dict[str, dict[str, str]] = {}
        for mart, column, kind in file.execute(
            "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts'"
        ).fetchall():
            kinds.setdefault(mart, {})[column] = kind
        assert told.marts == len(kinds) > 80
        different = [mart for mart, columns in kinds.items() if not _is_equal(file, connection, mart, columns)]
        assert different == []
        comments = connection.execute(
            "select count(*) from pg_description inner join pg_class on pg_class.oid = objoid"
            " where relnamespace = 'marts'::regnamespace and classoid = 'pg_class'::regclass and relkind = 'r'"
        ).fetchone()
        assert comments == (len(kinds) + sum(map(len, kinds.values())),)
        without_key = connection.execute(
            "select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r' and not exists"
            " (select 1 from pg_index where indrelid = pg_class.oid and indisunique) order by relname"
        ).fetchall()
        assert without_key == []


def _is_equal(
    file: duckdb.DuckDBPyConnection, connection: psycopg.Connection, mart: str, columns: dict[str, str]
) -> bool:
    queries = []
    for side in (0, 1):
        parts = ["count(*)"]
        for column, kind in columns.items():
            parts += [f'count("{column}")', SUMS.get(kind, ("sum({0})",) * 2)[side].format(f'"{column}"')]
            if kind == "VARCHAR":
                parts.append(f'count(distinct "{column}")')
        queries.append(f"select {', '.join(parts)} from marts.{mart}")
    one, other = file.execute(queries[0]).fetchone(), connection.execute(queries[1]).fetchone()
    assert one is not None and other is not None
    return all(map(_is_same, one, other))


def _is_same(one: Any, other: Any) -> bool:  # noqa: ANN401
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    return one == other if one is None or other is None else Decimal(one) == Decimal(other)
