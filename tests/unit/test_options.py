"""Command-line options that are refused before anything is done."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from customer_journey import cli
from customer_journey.errors import InputError, as_build_error


@pytest.mark.parametrize("option", ["--raw", "--out"])
def test_an_empty_text_is_no_folder(option: str) -> None:
    """An empty path, as from an unset variable, is refused and not taken for the current folder."""
    done = CliRunner().invoke(cli.app, ["build", option, ""])
    assert done.exit_code == 2
    assert "is empty" in done.output


def test_a_link_that_leads_to_itself_is_no_folder(tmp_path: Path) -> None:
    """A link that leads to itself is refused in one line."""
    (tmp_path / "ring").symlink_to("ring")
    done = CliRunner().invoke(cli.app, ["build", "--out", str(tmp_path / "ring")])
    assert done.exit_code == 2
    assert "is not a usable path" in done.output


def test_a_warehouse_damaged_in_its_middle_is_told_with_what_to_do() -> None:
    """Damage that DuckDB finds only while reading is reported with what to do."""
    duckdb_error = type("IOException", (Exception,), {"__module__": "_duckdb"})
    told = as_build_error(duckdb_error("IO Error: Corrupt database file: computed checksum 1 does not match 2"))
    assert isinstance(told, InputError)
    assert "damaged" in str(told) and "Restore it from a backup" in str(told)
