"""The comparison of published files of two versions, with ids worked out by hand."""

import hashlib
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from tools.compare_versions import compare_versions


def _id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


PERSONS = [_id("an"), _id("binh")]


def _write(file: Path, persons: list[str], entries: list[tuple[str, str, int]], map_columns: str) -> Path:
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_persons (person_id varchar, note varchar)")
        connection.executemany("insert into marts.dim_persons values (?, 'abc')", [[person] for person in persons])
        connection.execute("create table marts.fct_entries (entry_id varchar, person_id varchar, entry_number int)")
        connection.executemany("insert into marts.fct_entries values (?, ?, ?)", entries)
        connection.execute("create table marts.fct_uses (entry_id varchar, uses int)")
        connection.executemany("insert into marts.fct_uses values (?, 1)", [[entry] for entry, *_ in entries])
        connection.execute(f"create table marts.journey_map as select {map_columns} 'lead' as stage, 7 as persons")
    return file


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file with ids of 64 digits; the id of an entry is hashed from that of its person."""
    entries = [(_id(f"entry|{person}|{number}"), person, number) for number, person in enumerate(PERSONS)]
    return _write(tmp_path / "old.duckdb", PERSONS, entries, f"'{_id('lead')}' as journey_map_key,")


def _new_entries() -> list[tuple[str, str, int]]:
    short = [person[:32] for person in PERSONS]
    return [(_id(f"entry|{person}|{number}")[:32], person, number) for number, person in enumerate(short)]


def _compare(old: Path, new: Path, *options: str) -> Result:
    return CliRunner().invoke(compare_versions, [str(old), str(new), *options])


def test_short_ids_are_the_same_rows(old: Path, tmp_path: Path) -> None:
    """Shortened ids and ids hashed from other ids are translated everywhere, and both are reported."""
    new = _write(tmp_path / "new.duckdb", [person[:32] for person in PERSONS], _new_entries(), "")
    result = _compare(old, new)
    assert result.exit_code == 0, result.output
    assert "ids translated by the rest of their rows: fct_entries.entry_id\n" in result.output
    assert "journey_map_key (one side alone)" in result.output
    assert "4 marts compared, rows of 0 differ" in result.output


def test_changed_row_is_not_translated_away(old: Path, tmp_path: Path) -> None:
    """Rows that differ elsewhere are not paired: both are reported."""
    (first, person, _), second = _new_entries()
    new = _write(tmp_path / "new.duckdb", [person[:32] for person in PERSONS], [(first, person, 5), second], "")
    result = _compare(old, new)
    assert result.exit_code == 1
    assert "rows of 2 differ" in result.output


def test_named_column_is_left_out(old: Path, tmp_path: Path) -> None:
    """A column that is known to differ is listed, but not compared."""
    new = _write(tmp_path / "new.duckdb", [person[:32] for person in PERSONS], _new_entries(), "")
    with duckdb.connect(str(new)) as connection:
        connection.execute("update marts.dim_persons set note = 'xyz'")
    assert _compare(old, new).exit_code == 1
    result = _compare(old, new, "--without", "dim_persons.note")
    assert result.exit_code == 0, result.output
    assert "note" in result.output
