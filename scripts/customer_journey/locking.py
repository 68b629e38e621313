"""The lock of an output folder, which admits one command at a time that changes what lies there."""

import contextlib
from collections.abc import Iterator

import filelock

from customer_journey.errors import LockedError
from customer_journey.paths import Output


@contextlib.contextmanager
def locked(output: Output) -> Iterator[None]:
    """Hold the lock of an output folder.

    Raises:
        LockedError: another build is running in this folder.
    """
    lock = filelock.FileLock(output.lock)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise LockedError(
            f"{output.root}: another build is running in this folder. Wait for it to end, or choose another --out."
        ) from error
    with lock:
        yield
