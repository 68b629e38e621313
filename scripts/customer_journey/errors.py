"""The ways a build ends, as exceptions that carry the line the user sees and the exit code."""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from customer_journey.checks.result import CheckResult


class ExitCode(IntEnum):
    """Exit codes of scripts/build; docs/schedules.md explains them."""

    PUBLISHED = 0
    CHECK_FAILED = 1
    UNUSABLE_INPUT = 2
    LOCKED = 3


@dataclass(frozen=True)
class RowCounts:
    """The row counts of a build and how they changed; printed also where the build publishes nothing."""

    # one entry for each raw table: its name and its counts, in the order of build.ROW_STATES
    counts: Sequence[tuple[Any, ...]]
    # one line for each raw table with many refused rows
    refusals: Sequence[str]
    # one line for each difference from the marts published last
    changes: Sequence[str]


class BuildError(Exception):
    """A command that failed. Its text is the one line that the user sees."""

    exit_code = ExitCode.CHECK_FAILED


class CheckFailedError(BuildError):
    """A dbt test, a model or an expectation failed; `rows` are the row counts that the summary still shows."""

    def __init__(self, text: str, rows: "RowCounts | None" = None, checks: "Sequence[CheckResult]" = ()) -> None:
        """Keep the line of the error, the row counts if the build got as far as counting, and the checks."""
        super().__init__(text)
        self.rows = rows
        self.checks = checks
        # one line for each definition that differs from the published build
        self.changed_definitions: Sequence[str] = ()


class MachineError(BuildError):
    """The machine has too little memory or disk space."""


class InputError(BuildError):
    """Raw tables, settings or arguments that cannot be used."""

    exit_code = ExitCode.UNUSABLE_INPUT


class LockedError(BuildError):
    """Another build holds the lock of the output folder."""

    exit_code = ExitCode.LOCKED


# The suppression list exists only in the warehouse: whoever starts with a new one must know what they lose.
IF_DAMAGED = (
    "Restore it from a backup, or move it away and build again. The new build lands all of RAW again, but erases "
    "persons again only if their erasure requests are still in RAW. The marts published last are unchanged."
)

NO_MEMORY = (
    "out of memory: the machine, or a limit on this process (ulimit -v), leaves the build too little. Provide more, "
    "or set JOURNEY_MEMORY_LIMIT to a lower value so that DuckDB uses less"
)
NO_ROOM = "no room left to write (a full disk, a quota or a limit of file size). Make room"

# The words of the libraries below, in lower case: the type of their error depends on where the memory ran out.
_SAY_NO_MEMORY = (
    "out of memory", "cannot allocate memory", "failed to allocate", "could not allocate", "bad_alloc",
    "unable to allocate",
    "can't start new thread", "cannot start new thread", "failed to map segment", "resource temporarily unavailable",
    "could not set up allocator", "mmap failed", "malloc of size",
)  # fmt: skip
_SAY_NO_ROOM = ("no space left", "disk quota exceeded", "file too large", "not enough space", "disk full")
# What DuckDB says of a damaged file, sometimes without naming it.
_SAY_DAMAGED = ("corrupt database file", "not a valid duckdb database file", "could not read enough bytes")
_NO_MEMORY_NUMBERS = {errno.ENOMEM, errno.EAGAIN}
_NO_ROOM_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def exhausted_resource(problem: object) -> str | None:
    """Return a line for the user if the machine ran out of memory or disk space; None for any other problem."""
    # compared by name, because importing DuckDB or multiprocessing here would itself need memory
    if isinstance(problem, MemoryError) or type(problem).__name__ in ("OutOfMemoryException", "BrokenProcessPool"):
        return NO_MEMORY
    if isinstance(problem, OSError) and problem.errno is not None:
        if problem.errno in _NO_ROOM_NUMBERS:
            return NO_ROOM
        return NO_MEMORY if problem.errno in _NO_MEMORY_NUMBERS else None
    message = str(problem).lower()
    if any(words in message for words in _SAY_NO_ROOM):
        return NO_ROOM
    return NO_MEMORY if any(words in message for words in _SAY_NO_MEMORY) else None


def is_damage(error: Exception) -> bool:
    """Return whether DuckDB says that a database file is damaged."""
    return type(error).__module__.endswith("duckdb") and any(words in str(error).lower() for words in _SAY_DAMAGED)


def as_build_error(error: Exception) -> BuildError | None:
    """Return an error from Python or DuckDB as a line for the user; None if it can only be a defect of this project."""
    exhausted = exhausted_resource(error)
    if exhausted is not None:
        return MachineError(f"{exhausted}. Nothing was published; the marts published last are unchanged.")
    if isinstance(error, OSError):
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return InputError(f"{where}{error.strerror or error}.")
    if is_damage(error):
        return InputError(f"warehouse.duckdb in the output folder is damaged ({first_line(error)}). {IF_DAMAGED}")
    if type(error).__module__.endswith("duckdb"):
        return BuildError(f"DuckDB: {first_line(error)}")
    return None


def first_line(error: object) -> str:
    """Return the first line of what an error says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
