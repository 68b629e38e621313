"""A damaged published file is named, and not taken for the warehouse, which nobody should move away for it."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from customer_journey.comparison.compare import compare
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.privacy.audience_query import persons_of
from customer_journey.publishing.export_mart import export_mart
from customer_journey.publishing.published import open_marts

DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "of another kind": lambda content: b"no file of DuckDB" * 1000,
    "cut off": lambda content: content[: len(content) // 2],
    "overwritten": lambda content: content[:12288] + bytes(len(content) - 12288),
}


@pytest.fixture(params=list(DAMAGED))
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Output:
    output = Output(tmp_path)
    with duckdb.connect(str(output.published)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_dates as select md5(range::varchar) as person_id from range(100000)")
    output.published.write_bytes(DAMAGED[request.param](output.published.read_bytes()))
    return output


def _report(output: Output) -> None:
    with open_marts(output) as connection:
        connection.execute("select max(person_id) from marts.dim_dates").fetchall()


READERS: dict[str, Callable[[Output], object]] = {
    "report": _report,
    "diff": lambda output: compare(output.published, output.published),
    "audience": lambda output: persons_of(output, "select person_id from dim_dates"),
    "export": lambda output: export_mart(output, "dim_dates", output.root.with_suffix(".csv"), overwrite=True),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_the_published_file_is_named(read: Callable[[Output], object], output: Output) -> None:
    with pytest.raises(InputError, match=r"journey\.duckdb: the published marts are damaged .*--full-refresh"):
        read(output)
