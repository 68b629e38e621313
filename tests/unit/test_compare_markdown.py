"""The Markdown output of `journey diff`, on two builds with known differences."""

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from customer_journey.cli import app
from customer_journey.comparison.compare import compare
from customer_journey.comparison.markdown import as_markdown

PERSON = "5f3a9c0e1b2d4f60718293a4b5c6d7e8"
BASE = {
    "fct_orders": f"select * from (values ('o1', '{PERSON}', 10, 'x'), ('o2', 'p2', 20, 'y'), ('o3', 'p3', 30, 'z'))"
    " as rows (order_id, person_id, revenue, status)",
    "dim_same": "select 1 as id, 'a' as label",
    "kpi_old": "select 1 as month where false",
    "build_info": "select 1 as build_id",
}
HEAD = {
    # o1: revenue changes; o2: revenue and person change; o3 goes; o4 and o5 come; status goes, note comes
    "fct_orders": "select * from (values ('o1', 'anna@example.com', 11, 'n'), ('o2', 'p9', 21, 'n'),"
    " ('o4', 'p4', 40, 'n'), ('o5', 'p5', 50, 'n')) as rows (order_id, person_id, revenue, note)",
    "dim_same": "select 1 as id, 'a' as label",
    "kpi_new": "select * from (values (1), (2)) as rows (month)",
    "build_info": "select 2 as build_id",
}


def _publish(out: Path, marts: dict[str, str]) -> Path:
    out.mkdir()
    with duckdb.connect(str(out / "journey.duckdb")) as connection:
        connection.execute("create schema marts")
        for mart, query in marts.items():
            connection.execute(f"create table marts.{mart} as {query}")
    return out


@pytest.fixture
def builds(tmp_path: Path) -> tuple[Path, Path]:
    return _publish(tmp_path / "base", BASE), _publish(tmp_path / "head", HEAD)


def test_each_change_stands_in_the_row_of_its_mart(builds: tuple[Path, Path]) -> None:
    result = CliRunner().invoke(app, ["diff", *map(str, builds), "--format", "markdown"])
    assert result.exit_code == 1
    assert result.output == (
        "**3 published marts changed**, 2 compared.\n"
        "\n"
        "| mart | rows changed | only in base | only in head | rows equal | columns |\n"
        "|---|--:|--:|--:|--:|---|\n"
        "| `fct_orders` | 2 | 1 | 2 | 0 | removed: `status`; added: `note`; changed: `person_id` (2), `revenue` (2) |\n"
        "| `kpi_new` | 0 | 0 | 2 | 0 | mart added |\n"
        "| `kpi_old` | 0 | 0 | 0 | 0 | mart removed |\n"
    )


def test_no_value_of_a_row_is_shown(builds: tuple[Path, Path]) -> None:
    """The Markdown shows no value of a row, because comments may be public; the terminal output shows them."""
    text = CliRunner().invoke(app, ["diff", *map(str, builds)]).output
    markdown = CliRunner().invoke(app, ["diff", *map(str, builds), "--format", "markdown"]).output
    for value in (PERSON, "anna@example.com", "o1"):
        assert value in text
        assert value not in markdown
    assert str(builds[0].parent) not in markdown


def test_equal_builds_say_so(tmp_path: Path) -> None:
    builds = _publish(tmp_path / "base", BASE), _publish(tmp_path / "head", BASE)
    result = CliRunner().invoke(app, ["diff", *map(str, builds), "--format", "markdown"])
    assert (result.exit_code, result.output) == (0, "**No published mart changed.** 3 marts compared.\n")


def test_columns_that_changed_most_come_first_and_the_rest_are_counted(tmp_path: Path) -> None:
    def wide(changed: int) -> str:
        # column c1 differs in one row, c2 in two, and so on
        columns = ", ".join(
            f"(case when id <= {number} then {changed} else 0 end) as c{number}" for number in range(1, 9)
        )
        return f"select id, {columns} from range(1, 10) as rows (id)"

    one, other = (
        _publish(tmp_path / name, {"kpi_wide": wide(changed)}) / "journey.duckdb"
        for name, changed in (("base", 0), ("head", 1))
    )
    markdown = as_markdown(*compare(one, other))
    assert "changed: `c8` (8), `c7` (7), `c6` (6), `c5` (5), `c4` (4), `c3` (3) and 2 more |" in markdown
