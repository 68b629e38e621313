"""The comparison of two published builds, on small files with known differences."""

import json
from pathlib import Path

import duckdb
import pytest
from customer_journey.comparison.compare import compare, compare_marts
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.publishing.published import published_file

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
    """A build with one mart."""
    return _published(tmp_path / "one", fct_orders=f"from {ROWS}", build_info="select 1 as build_id")


def test_order_of_rows_and_last_digits_do_not_count(one: Path, tmp_path: Path) -> None:
    """The order of rows and the last digits of floats are not differences."""
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
    ],
)
def test_differences_are_named_by_key(one: Path, tmp_path: Path, query: str, said: str) -> None:
    """Differences are reported with the key of the row."""
    other = _published(tmp_path / "other", fct_orders=f"{query} {ROWS}", build_info="select 2 as build_id")
    _, (difference,) = compare(one, other)
    assert difference.mart == "fct_orders"
    assert difference.examples[0].startswith(said)


def test_column_of_one_side_is_named_and_the_others_are_compared(one: Path, tmp_path: Path) -> None:
    """A column that only one side has is reported, and the others are still compared."""
    query = f"select order_id, amount * 2 as amount, 1 as more from {ROWS}"
    other = _published(tmp_path / "other", fct_orders=query, build_info="select 2 as build_id")
    _, (difference,) = compare(one, other)
    assert difference.examples[0] == "only one side has more, share"
    assert difference.examples[1] == "order_id a: amount: 1.5000 against 3.0000"
    assert (difference.rows, difference.equal) == (2, 0)


def test_new_column_alone_is_a_difference(one: Path, tmp_path: Path) -> None:
    """A new column alone makes builds different."""
    other = _published(
        tmp_path / "other", fct_orders=f"select *, 1 as more from {ROWS}", build_info="select 2 as build_id"
    )
    _, (difference,) = compare(one, other)
    assert (difference.rows, difference.equal) == (0, 2)
    assert difference.columns_alone == ["more"]


SUMS = (
    "(values ('2026-01', 'lead', 'all', 3, 0.5::double), ('2026-01', 'lead', 'b2b', 1, 0.5),"
    " ('2026-01', 'mql', 'all', 1, 1), ('2026-01', 'mql', null, 1, 1)) as rows (month, stage, type, persons, rate)"
)


def test_table_of_sums_is_compared_by_its_leading_columns(tmp_path: Path) -> None:
    """A table of sums has no id and is compared by its leading columns, which are its grain."""
    changed = f"select month, stage, type, persons + (type is null)::int as persons, rate from {SUMS} order by 4, 5"
    one = _published(tmp_path / "one", kpi_funnel=f"from {SUMS}")
    other = _published(tmp_path / "other", kpi_funnel=changed)
    _, (difference,) = compare(one, other)
    assert difference.key == ["month", "stage", "type"]
    assert (difference.rows, difference.equal) == (1, 3)
    assert difference.examples == ["month 2026-01, stage mql, type null: persons: 1 against 2"]


def test_grain_is_that_of_the_side_without_repeated_rows(tmp_path: Path) -> None:
    """The key is taken from the side without repeated rows, so that repeated rows are reported as such."""
    one = _published(tmp_path / "one", kpi_funnel=f"from {SUMS}")
    other = _published(tmp_path / "other", kpi_funnel=f"from {SUMS} union all from {SUMS} where type = 'b2b'")
    _, (difference,) = compare(one, other)
    assert (difference.rows, difference.equal) == (1, 4)
    assert difference.examples == ["month 2026-01, stage lead, type b2b: only in the second"]


def test_floats_are_no_key(tmp_path: Path) -> None:
    """Floats are never part of the key, since their last digits differ."""
    rows = "(values ('a', 0.1::double, 1), ('a', 0.1, 2)) as rows (factor, share, rank)"
    one = _published(tmp_path / "one", kpi=f"from {rows}")
    other = _published(tmp_path / "other", kpi=f"select factor, share * (1 + 1e-12) as share, rank from {rows}")
    assert compare(one, other) == (1, [])


def test_what_is_fitted_is_equal_within_a_millionth(tmp_path: Path) -> None:
    """Fitted values may differ by a millionth, because optimisers stop at slightly different points."""
    query = "select 'a' as person_id, 100::double as predicted"
    one = _published(tmp_path / "one", kpi_clv=query, kpi_sales=query)
    other = _published(
        tmp_path / "other", kpi_clv=query.replace("100", "100.00001"), kpi_sales=query.replace("100", "100.00001")
    )
    _, (difference,) = compare(one, other)
    assert difference.mart == "kpi_sales"


def test_mart_that_is_a_view_on_one_side(one: Path, tmp_path: Path) -> None:
    """A mart that is a view on one side is compared too."""
    other = _published(tmp_path / "other", build_info="select 2 as build_id")
    with duckdb.connect(str(other)) as connection:
        connection.execute(f"create table kept as from {ROWS}")
        connection.execute(
            "create view marts.fct_orders as select order_id, amount + 1 as amount, share from main.kept"
        )
    _, (difference,) = compare(one, other)
    assert (difference.mart, difference.rows) == ("fct_orders", 2)


def test_column_is_left_out_as_asked(one: Path, tmp_path: Path) -> None:
    """A column that is known to differ can be left out without hiding other differences."""
    query = f"select order_id, amount + 1 as amount, share from {ROWS}"
    other = _published(tmp_path / "other", fct_orders=query, build_info="select 2 as build_id")
    (orders,) = compare_marts(one, other, left_out=["fct_orders.amount", "fct_orders.gone"])
    assert not orders.differs
    assert orders.equal == 2
    assert orders.columns_left_out == ["amount"]


def test_repeated_row_counts(one: Path, tmp_path: Path) -> None:
    """A repeated row is a difference, which a comparison of sets would miss."""
    other = _published(
        tmp_path / "other", fct_orders=f"from {ROWS} union all from {ROWS}", build_info="select 2 as build_id"
    )
    _, (difference,) = compare(one, other)
    assert difference.rows == 2


def test_missing_mart_is_a_difference(one: Path, tmp_path: Path) -> None:
    """A mart that only one side has is a difference."""
    other = _published(tmp_path / "other", build_info="select 2 as build_id")
    _, (difference,) = compare(one, other)
    assert difference.examples == [f"only {one} has this mart"]


def test_parquet_of_spark_is_read(one: Path, tmp_path: Path) -> None:
    """Marts of Spark are read from folders of Parquet files, with timestamps in UTC."""
    folder = tmp_path / "spark" / "fct_orders"
    folder.mkdir(parents=True)
    duckdb.sql(f"copy (from {ROWS}) to '{folder}/part-0.parquet'")
    other = tmp_path / "published.json"
    other.write_text(json.dumps({"build_id": "b", "marts": {"fct_orders": str(folder)}}))
    compared, differences = compare(one, other)
    assert compared == 1
    assert [difference.mart for difference in differences] == ["build_info"]


def test_folder_without_marts_is_told(tmp_path: Path) -> None:
    """A folder without marts is an error, so that a mistyped one does not pass as equal."""
    with pytest.raises(InputError, match="no published marts here"):
        published_file(Output(tmp_path / "nowhere"))
