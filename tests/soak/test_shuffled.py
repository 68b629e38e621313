"""The same rows in another order and in other files give the same marts, row for row."""

import shutil
from pathlib import Path

import duckdb
import pytest
from customer_journey.comparison.compare import compare
from customer_journey.contract import raw_tables
from customer_journey.settings import FILE_NAME

from tests.support.builds import publish
from tests.support.demo import Demo, built_demo

SEED = 7
PARTS = ("z", "m", "a")


def _write_shuffled(demo: Demo, raw: Path) -> int:
    """Write the demo's rows in random order, each table split over several files; return the number of rows."""
    raw.mkdir()
    shutil.copyfile(demo.raw / FILE_NAME, raw / FILE_NAME)
    written = 0
    with duckdb.connect() as connection:
        for table in raw_tables():
            files = [str(file) for file in demo.raw_files(table.label)]
            assert files, f"the demo has no {table.label}"
            kind = Path(files[0]).suffix
            reader = (
                "read_parquet($files, union_by_name = true)"
                if kind == ".parquet"
                else "read_csv($files, all_varchar = true, header = true)"
            )
            connection.execute(
                "create or replace table shuffled as"
                " select *, row_number() over (order by md5(row_text || $seed)) as place"
                f" from (select *, cast(rows as varchar) as row_text from {reader} as rows)",
                {"files": files, "seed": str(SEED)},
            )
            (raw / table.label).mkdir(parents=True)
            for number, part in enumerate(PARTS):
                file = raw / table.label / f"{part}{kind}"
                options = "format parquet" if kind == ".parquet" else "format csv, header"
                counted = connection.execute(
                    f"copy (select * exclude (row_text, place) from shuffled where place % {len(PARTS)} = {number}"
                    f" order by place) to '{file}' ({options})"
                ).fetchone()
                assert counted is not None
                written += int(counted[0])
    return written


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo as its files are."""
    return built_demo(tmp_path_factory)


@pytest.fixture(scope="module")
def shuffled(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file of the shuffled demo."""
    root = tmp_path_factory.mktemp("shuffled")
    written = _write_shuffled(demo, root / "raw")
    published = publish(root / "raw", root / "out")
    with duckdb.connect(str(published), read_only=True) as connection:
        landed = connection.execute("select cast(sum(rows_in) as bigint) from marts.audit_reconciliation").fetchone()
    assert landed == (written,)
    return published


def test_shuffled_rows_give_equal_marts(demo: Demo, shuffled: Path) -> None:
    """No mart depends on the order of rows, such as by ties or first and last rows."""
    assert compare(demo.published, shuffled)[1] == []
