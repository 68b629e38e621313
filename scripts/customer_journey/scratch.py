"""A temporary folder for files that may hold personal data; it is deleted afterwards."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a temporary folder that only this user can read; delete it afterwards, also on SIGTERM."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with tempfile.TemporaryDirectory(prefix="journey-") as folder:
            yield Path(folder)
    finally:
        signal.signal(signal.SIGTERM, before)
