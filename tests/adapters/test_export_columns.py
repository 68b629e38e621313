"""Columns that occur in exports but not in the contract's own tables: repeated names and nested values."""

from pathlib import Path

import duckdb
from customer_journey.raw.mapping import Reading
from customer_journey.raw.tabular import read_as_text


def _read(file: Path) -> tuple[list[str], list[tuple[object, ...]]]:
    """Read a file as an adapter does: its columns' names and its rows, without `_row`."""
    with duckdb.connect() as connection:
        names = read_as_text(connection, file, Reading(), "export", number_repeated=True)
        return names, connection.execute("select * exclude (_row) from export").fetchall()


def test_names_that_differ_in_case_alone_are_told_apart_wherever_they_stand(tmp_path: Path) -> None:
    """Shopee's line and order total differ only by one capital letter; both stay readable in either order."""
    (tmp_path / "line_first.csv").write_text("Mã,Người mua,người mua\nA,34,61\n", encoding="utf-8")
    (tmp_path / "order_first.csv").write_text("Mã,người mua,Người mua\nA,61,34\n", encoding="utf-8")
    assert _read(tmp_path / "line_first.csv") == (["Mã", "Người mua", "người mua (2)"], [("A", "34", "61")])
    assert _read(tmp_path / "order_first.csv") == (["Mã", "người mua (2)", "Người mua"], [("A", "61", "34")])


def test_a_name_that_comes_twice_gets_a_number(tmp_path: Path) -> None:
    """A report with two columns of the same name can be read: the first keeps the name, the second gets a number."""
    (tmp_path / "report.csv").write_text("Id,Phone,Phone\n1,a,b\n", encoding="utf-8")
    assert _read(tmp_path / "report.csv") == (["Id", "Phone", "Phone (2)"], [("1", "a", "b")])


def test_nested_values_of_parquet_read_as_json(tmp_path: Path) -> None:
    """BigQuery exports lists of structs; an adapter's SELECT takes both forms as JSON."""
    file = tmp_path / "events.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select [{'key': 'a', 'value': {'int_value': 1}}] as params, {'category': 'mobile'} as device)"
            f" to '{file}'"
        )
    assert _read(file)[1] == [('[{"key":"a","value":{"int_value":1}}]', '{"category":"mobile"}')]
