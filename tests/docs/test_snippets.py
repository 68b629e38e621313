"""SQL, Python and settings on the pages work on the demo."""

import ast
import re
from collections.abc import Iterator

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT
from customer_journey.settings import default_settings

from tests.docs.pages import Block, blocks
from tests.support.demo import Demo

# the model whose SQL docs/adapt/what_stage_writes.md shows
_SHOWN = "stg_finance__exchange_rates"
_STAGE_PAGE = "docs/adapt/what_stage_writes.md"
# Roles and grants are PostgreSQL's: tests/postgres runs what the project needs of them.
_POSTGRES = re.compile(r"\b(create role|pg_advisory_xact_lock_shared)\b")


def _queries() -> list[Block]:
    return [
        block
        for block in blocks("sql")
        if block.page != _STAGE_PAGE and not _POSTGRES.search(block.text) and "{{" not in block.text
    ]


@pytest.fixture(scope="module")
def marts(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, and a folder for what a query writes."""
    folder = tmp_path_factory.mktemp("written")
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        connection.execute(f"set file_search_path = '{folder}'")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            yield connection


@pytest.mark.parametrize("block", _queries(), ids=str)
def test_a_query_of_a_page_runs(block: Block, marts: duckdb.DuckDBPyConnection) -> None:
    """Every query on a page runs."""
    assert marts.execute(block.text).fetchall()


def test_queries_are_found() -> None:
    """Queries are found on the pages at all."""
    assert len(_queries()) >= 3


@pytest.mark.parametrize("block", list(blocks("python")), ids=str)
def test_python_of_a_page_reads_what_is_there(block: Block, marts: duckdb.DuckDBPyConnection) -> None:
    """Queries in Python examples run; the plotting library is not installed."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(block.text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "from marts." in node.value
    ]
    assert texts
    for text in texts:
        assert marts.execute(text).fetchall()


def test_settings_of_a_page_are_settings() -> None:
    """Every setting on a page exists; an unknown one stops a build."""
    shown = [yaml.safe_load(block.text) for block in blocks("yaml") if block.page == "docs/settings.md"]
    assert shown
    for settings in shown:
        assert set(settings) <= set(default_settings())


def test_page_shows_what_stage_writes(demo: Demo) -> None:
    """docs/adapt/what_stage_writes.md shows the compiled SQL; to update it, paste from OUT/dbt/duckdb/compiled."""
    compiled = list((demo.out / "dbt").rglob(f"compiled/**/{_SHOWN}.sql"))
    assert len(compiled) == 1
    page = (PROJECT / _STAGE_PAGE).read_text(encoding="utf-8")
    shown = re.search(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown
    assert _lines(shown[1]) == _lines(compiled[0].read_text(encoding="utf-8"))


def _lines(sql: str) -> list[str]:
    return [line.rstrip() for line in sql.splitlines() if line.strip()]
