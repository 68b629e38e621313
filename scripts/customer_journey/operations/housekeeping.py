"""Finds and deletes files under OUT that are no longer needed: logs of old builds, and leftovers of killed builds.

It only matches names that builds themselves create, directly in the folders where builds create them. It follows no
links, and files that builds still need (the warehouse, the published marts, the key, receipts) match no such name.
"""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from customer_journey.errors import InputError
from customer_journey.paths import PROJECT, Output

KEEP_VARIABLE = "JOURNEY_KEEP_BUILDS"
KEEP = 14
_BUILD_ID = r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z"
_LOG = re.compile(rf"dbt-({_BUILD_ID})\.log(\.[0-9]+)?|summary-({_BUILD_ID})\.json")
# an unfinished file: the name of the target file, with the process number as its suffix
_UNFINISHED = re.compile(r"(summary|index|journey_map|published|erasure_receipts|built_from)\.([0-9]+)")
_PARSED = re.compile(r"partial_parse\.[0-9]+")


@dataclass(frozen=True)
class Leftover:
    """A file or folder that may be deleted, the reason, and its size in bytes."""

    path: Path
    why: str
    size: int


def keep_builds() -> int:
    """Return the number of builds whose logs are kept, from JOURNEY_KEEP_BUILDS.

    Raises:
        InputError: the value is not a number from 1 to 10000.
    """
    text = os.environ.get(KEEP_VARIABLE) or str(KEEP)
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 10000:
        raise InputError(f"{KEEP_VARIABLE} {text!r}: write a number of builds from 1 to 10000.")
    return int(text)


def rotate_logs(output: Output, keep: int) -> None:
    """Start a new log for a build: rename the logs of the previous build after it, and delete old ones."""
    with contextlib.suppress(OSError):
        log = output.logs / "dbt.log"
        last = _last_build(output, log)
        if last is not None and not output.logs.is_symlink():
            output.logs.mkdir(mode=0o700, exist_ok=True)
            if output.summary.is_file() and not output.summary.is_symlink():
                shutil.copy2(output.summary, output.logs / f"summary-{last}.json")
            for file in _within(output.logs):
                # dbt splits a long log into numbered files
                if match := re.fullmatch(r"dbt\.log(\.[0-9]+)?", file.name):
                    os.replace(file, output.logs / f"dbt-{last}.log{match[1] or ''}")
        for path, _ in _old_logs(output, keep):
            path.unlink()


def forget_logs(output: Output) -> None:
    """Delete the logs of earlier builds: after an erasure they may hold values of rows that are gone."""
    for path, _ in _old_logs(output, 1):
        with contextlib.suppress(OSError):
            path.unlink()


def _last_build(output: Output, log: Path) -> str | None:
    """Return the build id of the existing log and summary; without a summary, the id is derived from the log's time."""
    try:
        build_id = str(json.loads(output.summary.read_text(encoding="utf-8"))["build_id"])
    except (OSError, ValueError, KeyError, TypeError):
        build_id = ""
    if re.fullmatch(_BUILD_ID, build_id):
        return build_id
    try:
        return datetime.fromtimestamp(log.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    except OSError:
        return None


def leftovers(output: Output, keep: int) -> list[Leftover]:
    """Return what may be deleted. The caller holds the folder's lock, so files of a running build are not included."""
    found = [*_old_logs(output, keep), *_of_killed_builds(output)]
    return [Leftover(path, why, _size(path)) for path, why in found]


def clean(output: Output, keep: int) -> list[Leftover]:
    """Delete the leftovers and return the deleted ones; files that cannot be deleted are skipped."""
    gone = []
    for leftover in leftovers(output, keep):
        with contextlib.suppress(OSError):
            if leftover.path.is_dir():
                shutil.rmtree(leftover.path)
            else:
                leftover.path.unlink()
            gone.append(leftover)
    return gone


def _old_logs(output: Output, keep: int) -> Iterator[tuple[Path, str]]:
    files = {path: match for path in _within(output.logs) if (match := _LOG.fullmatch(path.name)) and path.is_file()}
    # ids start with the time, so the latest builds sort last. The log in use counts as one of those kept.
    builds = sorted({match[1] or match[3] for match in files.values()}, reverse=True)
    old = set(builds[max(keep - 1, 0) :])
    for path, match in sorted(files.items()):
        if (match[1] or match[3]) in old:
            yield path, f"log of a build before the last {keep}"


def _of_killed_builds(output: Output) -> Iterator[tuple[Path, str]]:
    why = "left by a build that was killed"
    rewriting = output.root / ".warehouse.rewriting.duckdb"
    databases = (output.publishing, rewriting)
    for file in (*databases, *(database.with_name(f"{database.name}.wal") for database in databases)):
        if file.is_file() and not file.is_symlink():
            yield file, why
    # DuckDB's spill files, written when memory is short; DuckDB deletes them unless it is killed
    for spilled in (output.root / f"{output.warehouse.name}.tmp", output.spilled_marts):
        if spilled.is_dir() and not spilled.is_symlink():
            yield spilled, why
    for folder in (output.root, output.report.parent, output.docs.parent):
        for path in sorted(_within(folder)):
            match = _UNFINISHED.fullmatch(path.name)
            if match and path.is_file() and not (match[2] and is_running(int(match[2]))):
                yield path, why
    for folder in sorted((PROJECT / "target" / "builds").glob("*")):
        for path in sorted(_within(folder)):
            if _PARSED.fullmatch(path.name) and path.is_file() and not is_running(int(path.suffix[1:])):
                yield path, why


def _within(folder: Path) -> list[Path]:
    """Return the content of a folder, without links and not below the folder if it is a link: users made those."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if not path.is_symlink()]


def is_running(process: int) -> bool:
    """Return whether a process of this number exists."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        # the process exists, but belongs to another user
        return True
    return True


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink())
