"""Marts exported as files: the content byte for byte, and the places where files may be written."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.publishing.export_mart import export_all, export_mart

ROWS = """
    (1, '=1+1', timestamp '2026-01-31 17:00:00', date '2026-01-31', 12.50, true),
    (2, '@x', timestamp '2026-01-31 17:00:00.25', null, -3, false),
    (3, '\uff1dSUM(A1)', null, null, 0, null),
    (4, 'Đăng ký, "Tết"', null, null, 1, true),
    (5, null, null, null, null, null),
    (6, '', null, null, null, null),
    (7, '-', null, null, null, null),
    (8, 'a=b', null, null, null, null)
"""


@pytest.fixture
def output(tmp_path: Path) -> Output:
    """A published file of two marts and a view."""
    output = Output(tmp_path / "out")
    output.root.mkdir()
    with duckdb.connect(str(output.published)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            f"create table marts.kpi_small as select * from (values {ROWS})"
            ' as rows(n, "campaign", seen_at, seen_date, amount, is_new)'
        )
        connection.execute("create table marts.dim_small as select 'a' as name")
        connection.execute("create view marts.kpi_view as select n from marts.kpi_small")
    return output


def test_csv_that_a_sheet_opens_and_does_not_run(output: Output, tmp_path: Path) -> None:
    file = tmp_path / "small.csv"

    exported = export_mart(output, "kpi_small", file, overwrite=False)

    assert exported.rows == 8
    assert file.read_bytes().decode("utf-8") == (
        "\ufeffn,campaign,seen_at,seen_date,amount,is_new\r\n"
        "1,'=1+1,2026-01-31 17:00:00,2026-01-31,12.50,true\r\n"
        # a negative number is a number
        "2,'@x,2026-01-31 17:00:00.25,,-3.00,false\r\n"
        "3,'\uff1dSUM(A1),,,0.00,\r\n"
        '4,"Đăng ký, ""Tết""",,,1.00,true\r\n'
        "5,,,,,\r\n"
        "6,,,,,\r\n"
        "7,'-,,,,\r\n"
        "8,a=b,,,,\r\n"
    )
    # nobody's umask is overruled
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(output.published.stat().st_mode)
    assert list(tmp_path.glob(".small*")) == []


def test_parquet_says_that_times_are_utc(output: Output, tmp_path: Path) -> None:
    """Timestamps are marked as UTC; without a zone readers take them as local, seven hours off in Hanoi."""
    file = tmp_path / "small.parquet"

    export_mart(output, "kpi_small", file, overwrite=False)

    table = pq.read_table(file)
    assert str(table.schema.field("seen_at").type) == "timestamp[us, tz=UTC]"
    assert table["seen_at"][0].as_py().astimezone(UTC) == datetime(2026, 1, 31, 17, tzinfo=UTC)
    # Parquet is not opened in spreadsheets, so text is not escaped
    assert table["campaign"].to_pylist()[:2] == ["=1+1", "@x"]
    assert table.column_names == ["n", "campaign", "seen_at", "seen_date", "amount", "is_new"]


@pytest.mark.parametrize("condition", ["n > 6", "where n > 6", "n > 6 -- late ones", "n > 6 or\n n = 7"])
def test_some_rows(output: Output, tmp_path: Path, condition: str) -> None:
    assert export_mart(output, "kpi_small", tmp_path / "some.csv", condition, overwrite=False).rows == 2


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("m > 6", 'Referenced column "m" not found'),
        ("n > 6) to 'x.csv' (format csv", "syntax error"),
        ("n > 6; drop table marts.dim_small", "more than one statement"),
        ("cast(campaign as integer) = 1", "Could not convert string"),
        ("", "--where ''"),
    ],
)
def test_a_condition_that_is_none(output: Output, tmp_path: Path, condition: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        export_mart(output, "kpi_small", tmp_path / "some.csv", condition, overwrite=False)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == [output.root]


def test_all_marts(output: Output, tmp_path: Path) -> None:
    folder = tmp_path / "all"

    exported = list(export_all(output, folder, "csv", overwrite=False))

    assert [(each.mart, each.rows) for each in exported] == [("dim_small", 1), ("kpi_small", 8), ("kpi_view", 8)]
    assert {file.name for file in folder.iterdir()} == {"dim_small.csv", "kpi_small.csv", "kpi_view.csv"}
    (folder / "dim_small.csv").unlink()
    with pytest.raises(InputError, match=r"kpi_small.csv: exists already, and so do 1 more files\. .*--overwrite"):
        list(export_all(output, folder, "csv", overwrite=False))
    # checked before anything is written
    assert not (folder / "dim_small.csv").exists()
    assert len(list(export_all(output, folder, "csv", overwrite=True))) == 3


@pytest.mark.parametrize(
    ("mart", "place", "said"),
    [
        ("kpi_smal", "x.csv", "there is no mart of this name. Did you mean kpi_small?"),
        ("nothing_like_it", "x.csv", "there is no mart of this name. docs/bi.md lists them."),
        ("kpi_small", "x.xls", "ends in neither .csv nor .parquet"),
        ("kpi_small", "no/x.csv", "there is no folder"),
        ("kpi_small", "folder.csv", "is a folder"),
        ("kpi_small", "taken.csv", "exists already. Choose another name, or add --overwrite."),
        ("kpi_small", "out/erasure_receipts.csv", "is a file or folder of the build itself"),
        ("kpi_small", "out/report/x.csv", "is a file or folder of the build itself"),
    ],
)
def test_what_cannot_be(output: Output, tmp_path: Path, mart: str, place: str, said: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "taken.csv").write_text("mine")
    with pytest.raises(InputError) as raised:
        export_mart(output, mart, tmp_path / place, overwrite=False)
    assert said in str(raised.value)
    assert (tmp_path / "taken.csv").read_text() == "mine"


def test_nothing_published(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no published marts here"):
        export_mart(Output(tmp_path), "kpi_small", tmp_path / "x.csv", overwrite=False)


def test_marts_that_spark_published(tmp_path: Path) -> None:
    """Marts of Spark have timestamps with a zone; they are exported like those of DuckDB."""
    output = Output(tmp_path / "out")
    folder = output.root / "marts" / "kpi_small"
    folder.mkdir(parents=True)
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            "copy (select '=x' as campaign, timestamptz '2026-01-31 17:00:00+00' as seen_at)"
            f" to '{folder}/part-0.parquet' (format parquet)"
        )
    output.published_on_spark.write_text(json.dumps({"marts": {"kpi_small": str(folder)}}), encoding="utf-8")

    export_mart(output, "kpi_small", tmp_path / "small.csv", overwrite=False)

    assert (tmp_path / "small.csv").read_text(encoding="utf-8-sig") == "campaign,seen_at\n'=x,2026-01-31 17:00:00\n"
