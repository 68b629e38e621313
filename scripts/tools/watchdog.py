"""Ends what a local cluster started when the process that started it is gone, killed too: nobody else would.

It runs as a process of its own and is told on standard input, a line each, what there is: `group N`, `process N`, or
`done` once all of it has been ended in an orderly way. The pipe closes with the process that holds its other end.
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
    """Read what there is until `done`, or else end it all and remove the folders that are the arguments."""
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
    """Kill what is left of process groups and wait a moment until all of it is gone."""
    give_up = time.monotonic() + 5
    left = list(groups)
    while left and time.monotonic() < give_up:
        left = [group for group in left if _killed(group)]
        time.sleep(0.05)


def _killed(group: int) -> bool:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the second of a group of zombies
        return False
    return True


def remove_folder(folder: Path) -> None:
    """Remove a folder that a process which is just ending may still be writing to."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
