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
class RowsTold:
    """What became of the rows of a build, which its user needs most where nothing is published."""

    # a row a raw table: its name and its counts, as build.ROW_STATES names them
    counts: Sequence[tuple[Any, ...]]
    # lines on tables of which much is refused
    refusals: Sequence[str]
    # lines on what is not as it was in the marts that were published last
    changes: Sequence[str]


class BuildError(Exception):
    """A build that ends without publishing. Its text is one line for the user."""

    exit_code = ExitCode.CHECK_FAILED


class CheckFailedError(BuildError):
    """A dbt test, a model or an expectation failed; `told` is what the build found out before, for the summary."""

    def __init__(self, text: str, told: "RowsTold | None" = None, checks: "Sequence[CheckResult]" = ()) -> None:
        """Keep the line and what the summary has to show with it."""
        super().__init__(text)
        self.told = told
        self.checks = checks


class MachineError(BuildError):
    """The machine gave out: no memory, no room on the disk."""


class InputError(BuildError):
    """Raw tables, settings or arguments that cannot be used."""

    exit_code = ExitCode.UNUSABLE_INPUT


class LockedError(BuildError):
    """Another build holds the lock of the output folder."""

    exit_code = ExitCode.LOCKED


# The suppression list is nowhere else: who starts anew has to be told.
IF_DAMAGED = (
    "Put a copy of it back, or move it away and build again: that lands RAW anew, and whoever was erased is erased "
    "again only if the requests are still in RAW. What was published last stands."
)

NO_MEMORY = (
    "out of memory: the machine, or a limit set to this process (ulimit -v), left the build too little. Give it more, "
    "or let DuckDB take less by JOURNEY_MEMORY_LIMIT"
)
NO_ROOM = "no room left to write (a full disk, a quota or a limit of file size). Make room"

# How programs below this one say it, in lower case: what they raise differs with the place where memory ran out.
_SAY_NO_MEMORY = (
    "out of memory", "cannot allocate memory", "failed to allocate", "could not allocate", "bad_alloc",
    "unable to allocate",
    "can't start new thread", "cannot start new thread", "failed to map segment", "resource temporarily unavailable",
    "could not set up allocator", "mmap failed", "malloc of size",
)  # fmt: skip
_SAY_NO_ROOM = ("no space left", "disk quota exceeded", "file too large", "not enough space", "disk full")
_NO_MEMORY_NUMBERS = {errno.ENOMEM, errno.EAGAIN}
_NO_ROOM_NUMBERS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def what_gave_out(problem: object) -> str | None:
    """Return what the machine had too little of, as a line for the user; None where that is not the matter."""
    # by name: what loads DuckDB or multiprocessing needs memory itself
    if isinstance(problem, MemoryError) or type(problem).__name__ in ("OutOfMemoryException", "BrokenProcessPool"):
        return NO_MEMORY
    if isinstance(problem, OSError) and problem.errno is not None:
        if problem.errno in _NO_ROOM_NUMBERS:
            return NO_ROOM
        return NO_MEMORY if problem.errno in _NO_MEMORY_NUMBERS else None
    said = str(problem).lower()
    if any(words in said for words in _SAY_NO_ROOM):
        return NO_ROOM
    return NO_MEMORY if any(words in said for words in _SAY_NO_MEMORY) else None


def as_build_error(error: Exception) -> BuildError | None:
    """Return an error that no step has put into words as one line for the user; None for one that nobody expects."""
    gave_out = what_gave_out(error)
    if gave_out is not None:
        return MachineError(f"{gave_out}. Nothing was published; what was published last stands.")
    if isinstance(error, OSError):
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return InputError(f"{where}{error.strerror or error}.")
    if type(error).__module__.endswith("duckdb") and "orrupt database file" in str(error):
        return InputError(f"warehouse.duckdb in the output folder is damaged ({first_line(error)}). {IF_DAMAGED}")
    if type(error).__module__.endswith("duckdb"):
        return BuildError(f"DuckDB: {first_line(error)}")
    return None


def first_line(error: object) -> str:
    """Return the first line of what an error says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
