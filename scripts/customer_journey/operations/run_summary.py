"""OUT/summary.json: the machine-readable result of a build. docs/schedules.md describes each field.

The file is replaced atomically when a build begins, at each of its steps and at its end. A killed build therefore
leaves the status `running` with its current step. This module must not import anything that is slow to load.
"""

import contextlib
import json
import os
import platform
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from customer_journey.checks.result import CheckResult
from customer_journey.errors import ExitCode
from customer_journey.paths import Output, write_whole
from customer_journey.privacy.masks import masked
from customer_journey.terminal import plain_line

SCHEMA_VERSION = 1
RUNNING, PUBLISHED, NOTHING_NEW = "running", "published", "nothing_new"
_ENDS: Mapping[int, str] = {
    ExitCode.CHECK_FAILED: "failed",
    ExitCode.UNUSABLE_INPUT: "unusable_input",
    ExitCode.LOCKED: "locked",
}
STOPPED = "stopped"
_ROW_STATES = ("rows_in", "accepted", "duplicates", "quarantined", "deferred", "erased")
# numbers in a warning that change every night although the warning is the same
_MOVING = re.compile(
    r"of [0-9,]+ rows|\([0-9]+ %\)|\(as (row|record) (\(masked\)|[^)])*\)|nothing for [0-9.]+ days|usually [0-9,]+ rows"
)


@dataclass
class RunSummary:
    """The summary of one run of `journey build`, updated as it proceeds."""

    output: Output
    target: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    build_id: str | None = None
    as_of: str | None = None
    status: str = RUNNING
    exit_code: int | None = None
    error: str | None = None
    # whether this run changed the published build
    is_published: bool = False
    published: str | None = None
    marts: int | None = None
    rows: Sequence[Sequence[Any]] = ()
    refused: Sequence[str] = ()
    checks: Sequence[CheckResult] = ()
    warnings: list[str] = field(default_factory=list)
    # changed rows and figures, and changed definitions, compared with the published build
    changes: Sequence[str] = ()
    changed_definitions: Sequence[str] = ()
    steps: list[dict[str, Any]] = field(default_factory=list)
    has_begun: bool = False
    # the warnings of the published build; None if no earlier run recorded them
    _standing: Sequence[str] | None = None
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        """Read the warnings of the published build, before this run replaces the file."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            self._standing = json.loads(self.output.summary.read_text(encoding="utf-8"))["standing_warnings"]

    def begin(self, build_id: str, as_of: str) -> None:
        """Record that the build holds the lock and changes files in OUT from now on."""
        self.build_id, self.as_of, self.has_begun = build_id, as_of, True
        self.write()

    def step_begins(self, name: str) -> None:
        """Record the current step."""
        self.steps.append({"step": name, "started_at": _iso(datetime.now(UTC)), "seconds": None})
        if self.has_begun:
            self.write()

    def step_ends(self, seconds: float) -> None:
        """Record the duration of the current step, whether it succeeded or not."""
        self.steps[-1]["seconds"] = round(seconds, 3)

    def end(self, exit_code: int, error: str | None = None, *, is_new: bool = True) -> None:
        """Record the end of the run; `is_new` is False if the published build was made from the same inputs."""
        self.exit_code = exit_code
        self.error = None if error is None else masked(plain_line(error))
        good = PUBLISHED if is_new else NOTHING_NEW
        # exit codes not listed are those of a process stopped by Ctrl-C
        self.status = good if exit_code == ExitCode.PUBLISHED else _ENDS.get(exit_code, STOPPED)

    def write(self) -> None:
        """Write OUT/summary.json; ignore a write error, which must not fail a build that has published.

        A run that found the folder locked does not write: the file belongs to the build that holds the lock.
        """
        if self.exit_code == ExitCode.LOCKED and not self.has_begun:
            return
        with contextlib.suppress(OSError):
            write_whole(self.output.summary, self.text())

    def text(self) -> str:
        """Return the summary as JSON."""
        return json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n"

    def document(self) -> dict[str, Any]:
        """Return the summary as a dictionary."""
        is_over = self.status != RUNNING
        failed = [check for check in self.checks if not check.success]
        warnings = [masked(plain_line(line)) for line in self.warnings]
        known = {_MOVING.sub("", line) for line in self._standing or ()}
        return {
            "schema_version": SCHEMA_VERSION,
            "status": self.status,
            "exit_code": self.exit_code,
            "error": self.error,
            "build_id": self.build_id,
            "as_of": self.as_of,
            "started_at": _iso(self.started_at),
            "finished_at": _iso(datetime.now(UTC)) if is_over else None,
            "seconds": round(time.monotonic() - self._started, 3) if is_over else None,
            "process_id": os.getpid(),
            "target": self.target,
            "out": str(self.output.root),
            "is_published": self.is_published,
            "published": self.published,
            "marts": self.marts,
            "steps": self.steps,
            "rows": {table: dict(zip(_ROW_STATES, counts, strict=True)) for table, *counts in self.rows},
            "refused": [masked(line) for line in self.refused],
            "checks": _counts(self.checks),
            "failed_checks": [
                {
                    "name": masked(check.name),
                    "kind": check.kind,
                    "target": check.target,
                    "severity": check.severity,
                    "failed_rows": check.failed_rows,
                    "detail": masked(plain_line(check.detail)),
                }
                for check in failed
            ],
            "changed_definitions": [masked(plain_line(line)) for line in self.changed_definitions],
            "changes": [masked(plain_line(line)) for line in self.changes],
            "warnings": warnings,
            "new_warnings": [line for line in warnings if _MOVING.sub("", line) not in known],
            "standing_warnings": warnings if self.is_published else self._standing,
            "versions": _versions(self.target),
        }


def _counts(checks: Sequence[CheckResult]) -> Mapping[str, Mapping[str, int]]:
    def count(severity: str, success: bool) -> int:
        return sum(check.severity == severity and check.success == success for check in checks)

    return {
        severity: {"passed": count(severity, True), "failed": count(severity, False)} for severity in ("error", "warn")
    }


def _versions(target: str) -> dict[str, str | None]:
    engine = {"duckdb": ("duckdb",), "spark": ("duckdb", "pyspark")}[target]
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in ("customer-journey", "dbt-core", *engine):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    return versions


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
