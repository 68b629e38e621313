"""Measures builds in CPU seconds and memory, relative to a sort of the events in the same run (machines are noisy)."""

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import duckdb
import psutil
import yaml
from customer_journey.paths import DEMO, PROJECT, Output
from customer_journey.progress import Progress
from customer_journey.settings import FILE_NAME, default_settings
from demo_company import generate
from rich.console import Console
from rich.table import Table

# Sampling interval of memory: a peak between two samples is missed.
_LOOK_SECONDS = 0.2
# A company so small that its build measures only the fixed cost of every build.
_TINY = 0.02
_SHOWN = 10
_FRAMEWORKS = {"all": "all frameworks", "primary": "primary framework alone"}
# S, the unit of cost: sorting all events with every column by visitor and time. The start of Python is not included.
_SORT = """
import duckdb, resource, sys

def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

# no progress bar, which would appear in the output beside the figures
connection = duckdb.connect(sys.argv[2], config={"memory_limit": "4GB"})
connection.execute("set enable_progress_bar = false")
before = cpu()
connection.execute(
    f"create table events as select * from read_parquet('{sys.argv[1]}/web/events/*.parquet')"
    " order by anonymous_id, occurred_at"
)
connection.close()
print(cpu() - before)
"""
# The end of a node's line in dbt's log: its name, dots, the status and the seconds.
_NODE = re.compile(r"(?:model|seed file|PASS|WARN \d+|ERROR \d+|FAIL \d+) (\S+) \.* ?\[.* in ([0-9.]+)s\]$")


@dataclass(frozen=True)
class Cost:
    """Resources used by a command and its descendants: wall and CPU seconds, and the peak sum of resident bytes."""

    wall: float
    cpu: float
    peak_bytes: int


@dataclass(frozen=True)
class Figure:
    """The cost of one build; `sort` is S, `above` is the cost above that of a tiny company, in units of S."""

    name: str
    engine: str
    cpu: float
    wall: float
    peak_gb: float
    published_mb: float | None = None
    sort: float | None = None
    above: float | None = None
    failure: str | None = None


def measure(command: list[str]) -> Cost:
    """Run a command and measure the resources of it and its descendants.

    Raises:
        click.ClickException: the command failed; the text is the last line of its output.
    """
    cost, failure = _run(command)
    if failure is not None:
        raise click.ClickException(failure)
    return cost


def _run(command: Sequence[str]) -> tuple[Cost, str | None]:
    """Run a command; return the resources it used and, if it failed, the last line of its output."""
    started, used = time.monotonic(), _used_by_children()
    cpu: dict[int, float] = {}
    peak = 0
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        root = psutil.Process(process.pid)
        while process.poll() is None:
            resident = 0
            try:
                alive = [root, *root.children(recursive=True)]
            except psutil.NoSuchProcess:
                break
            for one in alive:
                try:
                    times = one.cpu_times()
                    cpu[one.pid] = times.user + times.system
                    resident += one.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peak = max(peak, resident)
            time.sleep(_LOOK_SECONDS)
        failure = None
        if process.wait():
            output.seek(0)
            lines = [line for line in output.read().split("\n") if line.strip()]
            failure = lines[-1] if lines else f"{command[0]} failed"
    # the first counts only processes that a parent waited for, so not Spark's; the second misses the last moments
    spent = max(_used_by_children() - used, sum(cpu.values()))
    return Cost(time.monotonic() - started, spent, peak), failure


def _used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bench:
    """Runs builds on one engine in a separate folder and records the cost of each."""

    def __init__(self, folder: Path, target: str, console: Console) -> None:
        self.figures: list[Figure] = []
        self.output: Output | None = None
        self._folder = folder
        self._target = target
        self._console = console
        self._constant = 0.0

    def tiny(self) -> None:
        """Build a tiny company, to measure the fixed cost of every build."""
        # warm up first: after a change of code a build compiles Python and parses the project, which is no fixed cost
        self._build("set-up done", self._raw(_TINY), "tiny")
        self.figures.clear()
        self._constant = self._build("a tiny company", self._raw(_TINY), "tiny").cpu

    def demo(self) -> None:
        """Build the demo, and build it again without new data."""
        self._build("demo, full", DEMO, "demo")
        self._build("demo, nothing new", DEMO, "demo", is_fresh=False)

    def company(self, scale: float, frameworks: str) -> None:
        """Build a company of this size with all frameworks or only the primary one, between two reference sorts."""
        raw = self._raw(scale)
        before = self._sort(raw)
        tables = raw if frameworks == "all" else self._with_primary_alone(raw)
        self._build(f"scale {scale:g}, {_FRAMEWORKS[frameworks]}", tables, f"{frameworks}-{scale:g}")
        # the load of the machine changes during a build, so S is the mean of a sort before and one after it
        sort = (before + self._sort(raw)) / 2
        self.figures[-1] = replace(self.figures[-1], sort=sort, above=(self.figures[-1].cpu - self._constant) / sort)

    def _raw(self, scale: float) -> Path:
        """Return the raw folder of a demo company of this size; generate it if it is missing."""
        raw = self._folder / f"raw-{scale:g}"
        if not raw.exists():
            unfinished = self._folder / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            with Progress(self._console).step(f"company of scale {scale:g}") as step:
                generate(unfinished, scale=scale, on_progress=step.share)
            unfinished.rename(raw)
        return raw

    def _with_primary_alone(self, raw: Path) -> Path:
        """Return a folder with the same files, whose settings name only the primary framework."""
        folder = self._folder / f"{raw.name}-primary"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(raw, folder, copy_function=os.link)
        settings = yaml.safe_load((raw / FILE_NAME).read_text(encoding="utf-8"))
        settings["frameworks"] = [settings.get("primary_framework") or default_settings()["primary_framework"]]
        # the settings file is a hard link: remove it first, so that writing does not change the original
        (folder / FILE_NAME).unlink()
        (folder / FILE_NAME).write_text(yaml.safe_dump(settings), encoding="utf-8")
        return folder

    def _build(self, name: str, raw: Path, out: str, *, is_fresh: bool = True) -> Figure:
        output = Output(self._folder / "builds" / f"{self._target}-{out}")
        if is_fresh:
            # an earlier output would make the build incremental, which costs less
            shutil.rmtree(output.root, ignore_errors=True)
        build = [sys.executable, "-m", "customer_journey", "build", "--target", self._target]
        with Progress(self._console).step(name):
            cost, failure = _run([*build, "--raw", str(raw), "--out", str(output.root)])
        peak = cost.peak_bytes / 1e9
        figure = Figure(name, self._target, cost.cpu, cost.wall, peak, _published_mb(output), failure=failure)
        self.figures.append(figure)
        self.output = output
        return figure

    def _sort(self, raw: Path) -> float:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            command = [sys.executable, "-c", _SORT, str(raw), f"{folder}/sorted.duckdb"]
            return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _published_mb(output: Output) -> float | None:
    if output.published.exists():
        return output.published.stat().st_size / 1e6
    if output.published_on_spark.exists():
        folders = json.loads(output.published_on_spark.read_text(encoding="utf-8"))["marts"].values()
        return sum(file.stat().st_size for folder in folders for file in Path(folder).glob("*.parquet")) / 1e6
    return None


def slowest_nodes(log: str) -> list[tuple[str, float]]:
    """Return the slowest nodes of a dbt log with their wall seconds, summed over repeated runs.

    The log is read because `run_results.json` holds only the last invocation, and a build may need several.
    """
    seconds: dict[str, float] = {}
    for match in map(_NODE.search, log.splitlines()):
        if match:
            seconds[match[1]] = seconds.get(match[1], 0.0) + float(match[2])
    return sorted(seconds.items(), key=lambda node: (-node[1], node[0]))[:_SHOWN]


def largest_tables(warehouse: Path) -> list[tuple[str, int]]:
    """Return the tables of a private warehouse with the most rows."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "select schema_name || '.' || table_name as name, estimated_size from duckdb_tables()"
            " order by estimated_size desc, name limit ?",
            [_SHOWN],
        ).fetchall()


def _machine() -> dict[str, Any]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = round(psutil.virtual_memory().total / 1e9, 1)
    return {"host": platform.node(), "cpu": model, "cores": os.cpu_count(), "memory_gb": memory}


def _lines(file: str) -> list[str]:
    return Path(file).read_text(encoding="utf-8").splitlines() if Path(file).exists() else []


def _commit() -> str:
    """Return the measured commit, with a + if the working tree differs from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")


def _print(console: Console, figures: Sequence[Figure]) -> None:
    table = Table("", "engine", "CPU s", "S", "(CPU - tiny) / S", "peak GB", "wall s", "published MB", box=None)
    for figure in figures:
        numbers = (figure.cpu, figure.sort, figure.above, figure.peak_gb, figure.wall, figure.published_mb)
        texts = [f"{number:,.1f}" if number is not None else "" for number in numbers]
        table.add_row(figure.name, figure.engine, *texts)
    console.print(table)
    for figure in figures:
        if figure.failure:
            console.print(f"{figure.name} on {figure.engine} failed: {figure.failure}", markup=False, highlight=False)


def _print_pairs(console: Console, title: str, unit: str, pairs: Sequence[tuple[str, float]]) -> None:
    table = Table(title, unit, box=None)
    for name, number in pairs:
        table.add_row(name, f"{number:,.1f}" if isinstance(number, float) else f"{number:,}")
    console.print()
    console.print(table)


@click.command()
@click.option(
    "--scale",
    "scales",
    multiple=True,
    type=click.FloatRange(min=0, min_open=True),
    default=[8.0],
    show_default=True,
    help="Sizes of the companies; 8 is 1M web events, 80 is 10M. May be given several times.",
)
@click.option(
    "--frameworks",
    multiple=True,
    type=click.Choice(list(_FRAMEWORKS)),
    default=list(_FRAMEWORKS),
    show_default=True,
    help="Frameworks to build.",
)
@click.option(
    "--demo/--no-demo",
    default=True,
    show_default=True,
    help="Also build the demo, once in full and once with nothing new.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=click.Choice(["duckdb", "spark"]),
    default=["duckdb"],
    show_default=True,
    help="Engines to measure.",
)
@click.option("--tests", is_flag=True, help="Also measure scripts/test.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Working folder, which is kept: its raw tables are reused, its builds replaced. Default: a temporary folder.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path, dir_okay=False),
    default=PROJECT / "bench_history.jsonl",
    help="File that the figures of each run are appended to, one line of JSON per run. Default: bench_history.jsonl.",
)
def bench(
    scales: tuple[float, ...], frameworks: tuple[str, ...], demo: bool, targets: tuple[str, ...], tests: bool,
    folder: Path | None, history: Path,
) -> None:  # fmt: skip
    """Measure what builds cost: of a tiny company, of the demo, and of companies of any size.

    The cost above that of the tiny company is given in units of S, one sort of all web events of the company into a
    table, which is timed right before and after each build.
    """
    console = Console(width=None if sys.stdout.isatty() else 140)
    run: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "commit": _commit(), "machine": _machine()}
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = (folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for target in targets:
            one = Bench(folder, target, console)
            one.tiny()
            if demo:
                one.demo()
            for scale in scales:
                for wanted in frameworks:
                    one.company(scale, wanted)
                    if wanted == "all":
                        _add_details(run, f"{target} scale {scale:g}", one.output)
            figures += one.figures
        if tests:
            with Progress(console).step("scripts/test"):
                cost, failure = _run([str(PROJECT / "scripts" / "test")])
            figures.append(Figure("scripts/test", "", cost.cpu, cost.wall, cost.peak_bytes / 1e9, failure=failure))
    run["figures"] = [asdict(figure) for figure in figures]
    with history.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(run) + "\n")
    _print(console, figures)
    for what, nodes in run.get("slowest_nodes", {}).items():
        _print_pairs(console, f"slowest nodes, {what}", "wall s", nodes)
    for what, tables in run.get("largest_tables", {}).items():
        _print_pairs(console, f"largest tables, {what}", "rows", tables)


def _add_details(run: dict[str, Any], what: str, output: Output | None) -> None:
    assert output is not None
    log = "\n".join(line for file in sorted(output.logs.glob("dbt.log*")) for line in _lines(str(file)))
    run.setdefault("slowest_nodes", {})[what] = slowest_nodes(log)
    if output.warehouse.exists():
        run.setdefault("largest_tables", {})[what] = largest_tables(output.warehouse)


if __name__ == "__main__":
    bench()
