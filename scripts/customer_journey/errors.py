"""The ways a build ends, as exceptions that carry the line the user sees and the exit code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of scripts/build; docs/schedules.md explains them."""

    PUBLISHED = 0
    CHECK_FAILED = 1
    UNUSABLE_INPUT = 2
    LOCKED = 3


class BuildError(Exception):
    """A build that ends without publishing. Its text is one line for the user."""

    exit_code = ExitCode.CHECK_FAILED


class CheckFailedError(BuildError):
    """A dbt test, a model or an expectation failed."""


class InputError(BuildError):
    """Raw tables, settings or arguments that cannot be used."""

    exit_code = ExitCode.UNUSABLE_INPUT


class LockedError(BuildError):
    """Another build holds the lock of the output folder."""

    exit_code = ExitCode.LOCKED
