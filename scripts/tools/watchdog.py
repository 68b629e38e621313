"""Ends the processes of a local cluster if the process that started them is gone, also if it was killed.

It runs as a separate process. Lines on its standard input name what to end: `group N` or `process N`, and `done` once
everything has been ended regularly. The pipe closes when the starting process ends: without `done`, that is the signal.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def main() -> None:
    """Read lines until `done`; if the input ends earlier, end everything and remove the folders in the arguments."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: list[int] = []
    processes: list[int] = []
    for line in sys.stdin:
        kind, _, number = line.strip().partition(" ")
        if kind == "done":
            return
        (groups if kind == "group" else processes).append(int(number))
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
    kill_groups(groups)
    for folder in sys.argv[1:]:
        remove_folder(Path(folder))


def kill_groups(groups: Sequence[int]) -> None:
    """Kill the remaining processes of process groups and wait briefly until they are gone."""
    give_up = time.monotonic() + 5
    left = list(groups)
    while left and time.monotonic() < give_up:
        left = [group for group in left if _killed(group)]
        time.sleep(0.05)


def _killed(group: int) -> bool:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS raises the second for a group of zombies
        return False
    return True


def remove_folder(folder: Path) -> None:
    """Remove a folder to which an ending process may still write."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
