"""Errors of libraries and the operating system are reported in one line with an exit code."""

import errno

import duckdb
import pytest
from customer_journey.errors import ExitCode, as_build_error, exhausted_resource


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), ExitCode.CHECK_FAILED, "out of memory"),
        (duckdb.OutOfMemoryException("failed to pin block"), ExitCode.CHECK_FAILED, "out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ExitCode.CHECK_FAILED, "out of memory"),
        (RuntimeError("can't start new thread"), ExitCode.CHECK_FAILED, "out of memory"),
        (ImportError("x.so: failed to map segment from shared object"), ExitCode.CHECK_FAILED, "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), ExitCode.CHECK_FAILED, "no room left"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), ExitCode.CHECK_FAILED, "no room left"),
        (OSError(errno.EFBIG, "File too large"), ExitCode.CHECK_FAILED, "no room left"),
        (duckdb.IOException("Could not write: No space left on device"), ExitCode.CHECK_FAILED, "no room left"),
        (OSError(errno.EACCES, "Permission denied", "/x"), ExitCode.UNUSABLE_INPUT, "/x: Permission denied"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), ExitCode.UNUSABLE_INPUT, "/x: Read-only"),
        (duckdb.IOException("first\nsecond"), ExitCode.CHECK_FAILED, "DuckDB: first"),
    ],
)  # fmt: skip
def test_error_of_the_machine_is_one_line(error: Exception, code: ExitCode, words: str) -> None:
    """An error of the machine, such as a full disk, is one line and not blamed on the input."""
    told = as_build_error(error)
    assert told is not None
    assert told.exit_code == code
    assert words in str(told)
    assert len(str(told).splitlines()) == 1


@pytest.mark.parametrize("said", ["Parquet magic bytes not found", "Invalid unicode", "Permission denied"])
def test_damage_is_no_lack_of_memory(said: str) -> None:
    """A damaged file is not reported as a lack of memory."""
    assert exhausted_resource(duckdb.IOException(said)) is None


def test_error_that_nobody_foresaw_is_left_to_be_told_as_such() -> None:
    """An unexpected error is reported as such and not blamed on the input."""
    assert as_build_error(KeyError("x")) is None
