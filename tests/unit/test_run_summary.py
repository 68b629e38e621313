"""OUT/summary.json, and the message to a webhook."""

import json
import stat
from pathlib import Path
from typing import Literal

import pytest
from customer_journey.checks.result import CheckResult
from customer_journey.errors import ExitCode
from customer_journey.paths import Output
from customer_journey.run_summary import RunSummary, masked
from customer_journey.webhook import message, notify
from tools.week import Channel

BUILD = "20260630T033000.000001Z"


def _summary(folder: Path) -> RunSummary:
    summary = RunSummary(Output(folder), "duckdb")
    summary.begin(BUILD, "2026-06-30T03:30:00Z")
    summary.step_begins("Landing")
    return summary


def _written(folder: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return document


def test_a_build_at_work_says_so_and_at_which_step(tmp_path: Path) -> None:
    """A running build records its step, because a killed one cannot do so any more."""
    _summary(tmp_path)
    written = _written(tmp_path)
    assert (written["status"], written["exit_code"], written["build_id"]) == ("running", None, BUILD)
    assert written["steps"] == [{"step": "Landing", "started_at": written["steps"][0]["started_at"], "seconds": None}]  # type: ignore[index]


def test_the_summary_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    _summary(tmp_path)
    assert stat.S_IMODE((tmp_path / "summary.json").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["summary.json"]


@pytest.mark.parametrize(
    ("code", "status"), [(0, "published"), (1, "failed"), (2, "unusable_input"), (3, "locked"), (130, "stopped")]
)
def test_each_exit_code_has_its_status(tmp_path: Path, code: int, status: str) -> None:
    summary = _summary(tmp_path)
    summary.end(code, None if code == 0 else "why")
    summary.write()
    assert (_written(tmp_path)["status"], _written(tmp_path)["exit_code"]) == (status, code)


def test_a_run_that_was_kept_out_leaves_the_file_to_the_one_at_work(tmp_path: Path) -> None:
    _summary(tmp_path)
    other = RunSummary(Output(tmp_path), "duckdb")
    other.end(ExitCode.LOCKED, "another build is at work here")
    other.write()
    assert _written(tmp_path)["status"] == "running"


def test_checks_are_counted_by_severity(tmp_path: Path) -> None:
    summary = _summary(tmp_path)
    ends: tuple[tuple[bool, Literal["error", "warn"]], ...]
    ends = ((True, "error"), (True, "error"), (False, "error"), (False, "warn"))
    summary.checks = [CheckResult("a", "dbt_test", "m", success, severity, 1, 0.1, "why") for success, severity in ends]
    document = summary.document()
    assert document["checks"] == {"error": {"passed": 2, "failed": 1}, "warn": {"passed": 0, "failed": 1}}
    assert [check["severity"] for check in document["failed_checks"]] == ["error", "warn"]


@pytest.mark.parametrize(
    "value", ["lan.nguyen@example.com", "mailto:lan@example.com", "+84 912 345 678", "0912345678", "(0912) 345 678"]
)
def test_no_address_or_number_is_written(tmp_path: Path, value: str) -> None:
    """No error message with a value of a row gets into the summary or the message."""
    summary = _summary(tmp_path)
    summary.end(1, f"Conversion Error: could not convert string '{value}' to INT64 in orders.csv")
    summary.warnings.append(f"crm/contacts: {value}")
    assert value not in summary.text()
    assert "orders.csv" in summary.text()


def test_days_numbers_and_paths_stay() -> None:
    line = "/data/raw/orders.csv: 1,234,567 rows on 2026-06-30, 03:30:00, build 20260630T033000.000001Z, 1234567890"
    assert masked(line) == line


def test_a_failure_is_posted_with_its_line(tmp_path: Path) -> None:
    channel = Channel()
    summary = _summary(tmp_path)
    summary.end(2, "crm/contacts.csv: no column contact_id.")
    assert notify(summary, {"JOURNEY_WEBHOOK_URL": channel.url}) is None
    channel.close()
    (post,) = channel.posts
    assert post["text"] == (
        "customer_journey: build unusable input (exit 2), nothing published\ncrm/contacts.csv: no column contact_id."
    )
    assert (post["status"], post["exit_code"], post["build_id"]) == ("unusable_input", 2, BUILD)


@pytest.mark.parametrize(
    ("when", "warnings", "posts"),
    [("", [], 0), ("", ["w"], 1), ("failures", ["w"], 0), ("always", [], 1), ("warnings", ["w"], 1)],
)
def test_a_good_build_is_posted_where_it_warns_or_as_the_setting_says(
    tmp_path: Path, when: str, warnings: list[str], posts: int
) -> None:
    channel = Channel()
    summary = _summary(tmp_path)
    summary.warnings += warnings
    summary.end(0)
    assert notify(summary, {"JOURNEY_WEBHOOK_URL": channel.url, "JOURNEY_WEBHOOK_ON": when}) is None
    channel.close()
    assert len(channel.posts) == posts


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/s3cret", "file:///etc/s3cret", "http://s3cret:x/", "https://[s3cret"]
)
def test_a_webhook_that_fails_is_told_of_without_its_address(tmp_path: Path, url: str) -> None:
    summary = _summary(tmp_path)
    summary.end(1, "why")
    line = notify(summary, {"JOURNEY_WEBHOOK_URL": url})
    assert line is not None
    assert "s3cret" not in line
    assert line.startswith("JOURNEY_WEBHOOK_URL ")


def test_without_an_address_nobody_is_told(tmp_path: Path) -> None:
    summary = _summary(tmp_path)
    summary.end(1, "why")
    assert notify(summary, {}) is None


def test_a_message_is_short(tmp_path: Path) -> None:
    summary = _summary(tmp_path)
    summary.warnings += ["x" * 400] * 30
    summary.end(0)
    text = message(summary)["text"]
    assert len(text) <= 2000
    assert text.startswith(f"customer_journey: build {BUILD} published with 30 warnings\n- xxx")
