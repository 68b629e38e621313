"""How a command ends: its exit code, and the one line that says why."""

import traceback
from pathlib import Path

import click

from customer_journey.errors import BuildError, ExitCode, as_build_error, first_line

_NOT_FORESEEN = "This is a defect: please report it. The marts published last are unchanged."


def ending_of(error: BaseException) -> tuple[int, str | None]:
    """Return the exit code of an error and the line that says it, None where it has been said."""
    if isinstance(error, BuildError):
        return error.exit_code, str(error)
    if isinstance(error, click.ClickException):
        return ExitCode.UNUSABLE_INPUT, f"{error.format_message()} Try --help."
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return 130, "stopped by the user. The marts published last are unchanged."
    if isinstance(error, SystemExit):
        return int(error.code or 0), None
    if not isinstance(error, Exception):
        raise error
    expected = as_build_error(error)
    if expected is not None:
        return expected.exit_code, str(expected)
    return (
        ExitCode.CHECK_FAILED,
        f"{type(error).__name__}: {first_line(error)} (at {_place(error)}). {_NOT_FORESEEN}",
    )


def _place(error: Exception) -> str:
    """Return the file and line where an unexpected error was raised, for the bug report."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "customer_journey" in frame.filename] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "unknown line"
