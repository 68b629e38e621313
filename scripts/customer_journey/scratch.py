"""A folder for as long as something is tried out: what lies in it may be personal data, and is gone afterwards."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder that nobody else can read, and delete it afterwards, also where a signal ends the program."""
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        with tempfile.TemporaryDirectory(prefix="journey-") as folder:
            yield Path(folder)
    finally:
        signal.signal(signal.SIGTERM, before)
