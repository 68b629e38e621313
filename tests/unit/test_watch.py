"""What `journey watch` says of a build that cannot say anything itself."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from customer_journey.errors import CheckFailedError
from customer_journey.operations.watch import watch
from tools.week import Channel

ENDED: dict[str, Any] = {
    "status": "published",
    "exit_code": 0,
    "error": None,
    "as_of": "2026-06-30T20:30:00Z",
    "steps": [],
}


def _watch(out: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Result, list[str]]:
    """Run the command, and return its result and what the channel got."""
    channel = Channel()
    monkeypatch.setenv("JOURNEY_WEBHOOK_URL", channel.url)
    result = CliRunner().invoke(watch, ["--out", str(out), "--within", "4"])
    channel.close()
    return result, [post["text"] for post in channel.posts]


def _write(out: Path, **fields: Any) -> None:
    (out / "summary.json").write_text(json.dumps({**ENDED, **fields}), encoding="utf-8")


def _hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("status", ["published", "nothing_new"])
def test_nobody_is_told_of_a_build_that_ended_well(
    status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, status=status, finished_at=_hours_ago(3.9))
    result, told = _watch(tmp_path, monkeypatch)
    assert (result.exit_code, told) == (0, [])


ENDINGS: dict[str, tuple[dict[str, Any], str]] = {
    "old": ({"finished_at": _hours_ago(4.1)}, "the last one ended at "),
    "failed": (
        {"status": "failed", "exit_code": 1, "error": "test.a: b.", "finished_at": _hours_ago(1)},
        " with 1 (failed): test.a: b.",
    ),
    "at work": (
        {"status": "running", "exit_code": None, "finished_at": None, "started_at": "T", "process_id": os.getpid(),
         "steps": [{"step": "Landing"}]},
        "the last one began at T and is still running, at Landing.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "why"), ENDINGS.values(), ids=ENDINGS)
def test_the_channel_is_told_of_any_other(
    fields: dict[str, Any], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, **fields)
    result, told = _watch(tmp_path, monkeypatch)
    assert isinstance(result.exception, CheckFailedError)
    assert told == [f"customer_journey: {result.exception}"]
    assert told[0].startswith(f"customer_journey: {tmp_path}: no build has ended well in the last 4 hours; ")
    assert why in told[0]


def test_a_killed_build_is_told_from_one_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    _write(tmp_path, **{**ENDINGS["at work"][0], "process_id": process.pid})
    _, told = _watch(tmp_path, monkeypatch)
    assert told[0].endswith("the last one began at T and was killed, at Landing.")


def test_a_folder_that_no_build_has_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The crontab names another folder, or the disk is not mounted."""
    result, told = _watch(tmp_path / "not mounted", monkeypatch)
    assert isinstance(result.exception, CheckFailedError)
    assert told[0].endswith("there is no summary.json of an earlier one.")
