"""Progress of a command: a bar on a terminal, one line for each step in a log file."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from customer_journey.terminal import plain_line


class Step:
    """One running step."""

    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def share(self, what: str, done: float) -> None:
        """Show what is being processed and which share, 0 to 1, is done."""
        self._bars.update(self._task, total=100, completed=round(100 * done), what=plain_line(what))

    def count(self, what: str, number: int, total: int) -> None:
        """Show what is being processed, as number `number` of `total`."""
        self._bars.update(self._task, total=total, completed=number, what=plain_line(what))


class Recorder(Protocol):
    """Who wants to know of the steps too."""

    def step_begins(self, name: str) -> None:
        """A step begins."""

    def step_ends(self, seconds: float) -> None:
        """The step that began last is over, whether it succeeded or not."""


class Progress:
    """Shows the steps of a build on a console, and tells a recorder of them."""

    def __init__(self, console: Console, recorder: Recorder | None = None) -> None:
        self._console = console
        self._recorder = recorder

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show one step while it runs; print its duration at the end, unless it took no time."""
        started = time.monotonic()
        columns = (
            TextColumn("{task.description:<18}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[what]}", markup=False),
        )  # fmt: skip
        if self._recorder is not None:
            self._recorder.step_begins(name)
        try:
            with Bars(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bars:
                yield Step(bars, bars.add_task(name, total=None, what=""))
        finally:
            seconds = time.monotonic() - started
            if self._recorder is not None:
                self._recorder.step_ends(seconds)
        if seconds >= 0.05:
            self._console.print(f"{name:<18} {seconds:6.1f} s", highlight=False)
