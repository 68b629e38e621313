"""Deletion under OUT: logs of old builds and leftovers of killed ones, and nothing else."""

import json
import os
from pathlib import Path

import pytest
from customer_journey.errors import InputError
from customer_journey.operations import housekeeping
from customer_journey.operations.housekeeping import clean, keep_builds, leftovers, rotate_logs
from customer_journey.paths import Output

KEPT = (
    "warehouse.duckdb", "journey.duckdb", "hash_key", "erasure_receipts.csv", "built_from.json", "vars.yml",
    "notes.txt", "logs/my.log", "logs/dbt-latest.log", "index.html.1", "report/index.html", "summary.backup",
    "data_docs/index.html",
)  # fmt: skip


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Output:
    """An output folder with files that must stay."""
    monkeypatch.setattr(housekeeping, "PROJECT", tmp_path / "project")
    output = Output(tmp_path / "out")
    for name in KEPT:
        _touch(output.root / name)
    return output


def _touch(file: Path, text: str = "x") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def _build_id(number: int) -> str:
    return f"202606{number:02}T033000.000001Z"


def _run(output: Output, number: int, keep: int) -> None:
    """Do what a build does with logs: name the earlier ones and write its own."""
    rotate_logs(output, keep)
    _touch(output.logs / "dbt.log", f"log {number}")
    _touch(output.summary, json.dumps({"build_id": _build_id(number)}))


def test_logs_of_the_last_builds_stay_under_their_names(output: Output) -> None:
    for number in range(1, 6):
        _run(output, number, keep=3)
    logs = {file.name: file.read_text(encoding="utf-8") for file in output.logs.glob("dbt*.log")}
    assert logs == {
        "dbt.log": "log 5",
        f"dbt-{_build_id(4)}.log": "log 4",
        f"dbt-{_build_id(3)}.log": "log 3",
        "dbt-latest.log": "x",
    }
    assert sorted(file.name for file in output.logs.glob("summary-*")) == [
        f"summary-{_build_id(number)}.json" for number in (3, 4)
    ]


def test_what_killed_builds_left_goes_and_all_else_stays(output: Output, tmp_path: Path) -> None:
    gone = [
        _touch(output.root / ".journey.publishing.duckdb"),
        _touch(output.root / ".warehouse.rewriting.duckdb"),
        _touch(output.root / "warehouse.duckdb.tmp" / "spilled").parent,
        _touch(output.root / ".marts.tmp" / "spilled").parent,
        _touch(output.root / "summary.99999999"),
        _touch(output.root / "built_from.99999999"),
        _touch(output.root / "report" / "index.99999999"),
    ]
    # of a running process
    at_work = _touch(output.root / "report" / f"index.{os.getpid()}")
    assert {leftover.path for leftover in leftovers(output, 3)} == set(gone)
    assert all(path.exists() for path in gone)
    assert {leftover.path for leftover in clean(output, 3)} == set(gone)
    assert not any(path.exists() for path in gone)
    assert at_work.exists()
    assert all((output.root / name).exists() for name in KEPT)


def test_no_link_is_followed(output: Output, tmp_path: Path) -> None:
    """Links into other folders, such as a disk for logs, are not followed."""
    elsewhere = _touch(tmp_path / "elsewhere" / f"dbt-{_build_id(1)}.log").parent
    _touch(elsewhere / f"dbt-{_build_id(2)}.log")
    (output.root / "warehouse.duckdb.tmp").symlink_to(elsewhere)
    (output.root / ".journey.publishing.duckdb").symlink_to(elsewhere / f"dbt-{_build_id(1)}.log")
    other = Output(tmp_path / "other")
    other.root.mkdir()
    other.logs.symlink_to(elsewhere)
    assert clean(output, 1) == clean(other, 1) == []
    assert len(list(elsewhere.iterdir())) == 2


@pytest.mark.parametrize("text", ["0", "-1", "a", "99999", "1.5"])
def test_how_many_builds_is_a_number(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("JOURNEY_KEEP_BUILDS", text)
    with pytest.raises(InputError, match="JOURNEY_KEEP_BUILDS"):
        keep_builds()
