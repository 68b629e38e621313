"""Runs commands in processes that need not import dbt and Great Expectations again.

The imports take five CPU seconds, half of a small build. One process of the test run imports them, and each command is
forked from it, with its own environment, folder, output and exit code, and with all modules of this project imported
anew.
"""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

IMPORTED = (
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "great_expectations",
    "jinja2.ext",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.special",
    "sqlalchemy",
)


def run_forked(
    program: str, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `journey` or another program of this Python environment in a forked process, and return the result."""
    script = str(Path(sys.executable).with_name(program))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        streams = [f"/proc/{os.getpid()}/fd/{stream.fileno()}" for stream in (out, err)]
        given = (script, list(arguments), dict(environment), str(cwd or Path.cwd()), streams)
        process = _context().Process(target=_run, args=given)
        process.start()
        process.join()
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read())
    assert process.exitcode is not None
    return subprocess.CompletedProcess([script, *arguments], process.exitcode, *said)


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    return context


def _run(script: str, arguments: list[str], environment: dict[str, str], cwd: str, streams: list[str]) -> None:
    # what the program of the tests has imported of this project knows another environment
    for name in [name for name in sys.modules if name.partition(".")[0] == "customer_journey"]:
        del sys.modules[name]
    for number, stream in enumerate(streams, start=1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    sys.argv = [script, *arguments]
    # a process that is started anew, as the one of the expectations, would import everything again
    started = multiprocessing.get_context

    def forked(method: str | None = None) -> Any:  # noqa: ANN401  (a context of any kind)
        return started("fork" if method == "spawn" else method)

    multiprocessing.get_context = forked
    try:
        runpy.run_path(script, run_name="__main__")
    finally:
        # multiprocessing ends a process without them
        atexit._run_exitfuncs()
