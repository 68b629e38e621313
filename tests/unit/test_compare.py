"""Comparing two published builds, on files small enough to know every difference beforehand."""

import json
from pathlib import Path

import duckdb
import pytest
from customer_journey.compare import compare, published_file
from customer_journey.errors import InputError
from customer_journey.paths import Output

ROWS = "(values ('a', 1.5::decimal(18, 4), 0.1::double), ('b', 2.5, null)) as rows (order_id, amount, share)"


def _published(folder: Path, **marts: str) -> Path:
    folder.mkdir()
    file = folder / "journey.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        for mart, query in marts.items():
            connection.execute(f"create table marts.{mart} as {query}")
    return file


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A build of one mart."""
    return _published(tmp_path / "one", fct_orders=f"from {ROWS}", build_info="select 1 as build_id")


def test_order_of_rows_and_last_digits_do_not_count(one: Path, tmp_path: Path) -> None:
    """Two engines give rows in any order, and parallel sums of floats differ in their last digits."""
    query = f"select order_id, amount, share * (1 + 1e-12) as share from {ROWS} order by order_id desc"
    other = _published(tmp_path / "other", fct_orders=query, build_info="select 2 as build_id")
    assert compare(one, other) == (1, [])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select order_id, amount + 0.0001 as amount, share from", "order_id a: amount: 1.5000 against 1.5001"),
        ("select order_id, amount, share * (1 + 1e-8) as share from", "order_id a: share: 0.1 against 0.100000001"),
        ("select order_id, amount, 'nan'::double as share from", "order_id a: share: 0.1 against nan"),
        ("select order_id, amount, coalesce(share, 0) as share from", "order_id b: share: null against 0.0"),
        ("select * from (values ('c', 1, 1)) as added (order_id, amount, share) union all from", "order_id c: only in"),
        ("select order_id, amount, share, 1 as more from", "only one side has more"),
    ],
)
def test_differences_are_named_by_key(one: Path, tmp_path: Path, query: str, said: str) -> None:
    """A difference that goes unseen lets two engines part; one without its key helps nobody to mend it."""
    other = _published(tmp_path / "other", fct_orders=f"{query} {ROWS}", build_info="select 2 as build_id")
    _, (difference,) = compare(one, other)
    assert difference.mart == "fct_orders"
    assert difference.examples[0].startswith(said)


def test_repeated_row_counts(one: Path, tmp_path: Path) -> None:
    """A join that fans out repeats rows, which a comparison of sets would miss."""
    other = _published(
        tmp_path / "other", fct_orders=f"from {ROWS} union all from {ROWS}", build_info="select 2 as build_id"
    )
    _, (difference,) = compare(one, other)
    assert difference.rows == 2


def test_missing_mart_is_a_difference(one: Path, tmp_path: Path) -> None:
    """A mart that one engine does not publish at all has no row that could differ."""
    other = _published(tmp_path / "other", build_info="select 2 as build_id")
    _, (difference,) = compare(one, other)
    assert difference.examples == [f"only {one} has this mart"]


def test_parquet_of_spark_is_read(one: Path, tmp_path: Path) -> None:
    """Spark's marts are folders of files; their timestamps carry a zone, which is UTC."""
    folder = tmp_path / "spark" / "fct_orders"
    folder.mkdir(parents=True)
    duckdb.sql(f"copy (from {ROWS}) to '{folder}/part-0.parquet'")
    other = tmp_path / "published.json"
    other.write_text(json.dumps({"build_id": "b", "marts": {"fct_orders": str(folder)}}))
    compared, differences = compare(one, other)
    assert compared == 1
    assert [difference.mart for difference in differences] == ["build_info"]


def test_folder_without_marts_is_told(tmp_path: Path) -> None:
    """A mistyped folder must not pass as equal."""
    with pytest.raises(InputError, match="no published marts here"):
        published_file(Output(tmp_path / "nowhere"))
