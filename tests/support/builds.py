"""Runs real builds as a user does, and reads what they publish."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from customer_journey.contract import RawTable, raw_tables
from customer_journey.settings import FILE_NAME, default_settings

from tests.support.forked import run_forked

Row = Mapping[str, Any]

# for tests that need no particular framework: two frameworks are cheaper than all
FEW_FRAMEWORKS: dict[str, Any] = (
    {"frameworks": ["adahub_crm", "adahub_lifecycle"]} if "frameworks" in default_settings() else {}
)


def environment_of(project: Path | None) -> dict[str, str]:
    """Return the environment in which `journey` uses another project (None: this one)."""
    return {**os.environ, **({} if project is None else {"JOURNEY_PROJECT": str(project)})}


def run_build(
    raw: Path, out: Path, *options: str, project: Path | None = None, anew: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `journey build` on a raw folder in its own process, and return the result."""
    return run_build_with(out, "--raw", str(raw), *options, project=project, anew=anew)


def run_build_with(
    out: Path, *options: str, project: Path | None = None, anew: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run `journey build` with exactly these options; without --raw or --raw-schemas it builds the demo company."""
    return run_journey("build", "--out", str(out), *options, project=project, anew=anew)


def run_journey(
    *arguments: str, project: Path | None = None, cwd: Path | None = None, anew: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a `journey` command in its own process, and return the result.

    `anew` starts a new Python for it, with another order of sets and all imports.
    """
    if anew:
        command = [sys.executable, "-m", "customer_journey", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment_of(project), cwd=cwd
        )
    return run_forked("journey", arguments, environment_of(project), cwd)


def publish(raw: Path, out: Path, *options: str, project: Path | None = None, anew: bool = False) -> Path:
    """Run a build that must publish, and return the published file."""
    done = run_build(raw, out, *options, project=project, anew=anew)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return out / "journey.duckdb"


def table_named(label: str) -> RawTable:
    """Return the raw table of a label such as `crm/contacts`."""
    return next(table for table in raw_tables() if table.label == label)


def write_rows(raw: Path, label: str, rows: Iterable[Row], part: str | None = None) -> Path:
    """Write rows of one raw table as CSV: as its only file, or as one file of its folder."""
    table = table_named(label)
    file = raw / f"{label}.csv" if part is None else raw / label / f"{part}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, table.all_columns)
        writer.writeheader()
        writer.writerows(rows)
    return file


def write_required_tables(raw: Path) -> None:
    """Write each required table that has no file yet as a header without rows."""
    for table in raw_tables():
        if table.is_main and not (raw / table.label).exists() and not (raw / f"{table.label}.csv").exists():
            write_rows(raw, table.label, [])


def write_settings(raw: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a raw folder."""
    raw.mkdir(parents=True, exist_ok=True)
    (raw / FILE_NAME).write_text(yaml.safe_dump(dict(settings)), encoding="utf-8")
