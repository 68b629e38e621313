"""What a build costs: CPU seconds and memory, beside a floor timed in the same run, since machines are noisy."""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from customer_journey.progress import Progress
from demo_company import generate
from rich.console import Console
from rich.table import Table

# How often processes are looked at: what one uses after the last look is lost.
_LOOK_SECONDS = 0.2
# The least that sessions, and whatever follows from them, can cost: all events in order, by the narrow columns alone.
_FLOOR = """
import duckdb, sys
duckdb.sql("set memory_limit = '4GB'")
duckdb.sql(
    "select max(row_number) from (select row_number() over (partition by anonymous_id order by occurred_at, event_id)"
    f" as row_number from read_parquet('{sys.argv[1]}/web/events/*.parquet'))"
).fetchall()
"""


@dataclass(frozen=True)
class Cost:
    """What a command and all its processes used: wall and CPU seconds, and the greatest sum of resident bytes."""

    wall: float
    cpu: float
    peak_bytes: int


def measure(command: list[str]) -> Cost:
    """Run a command and add up what it and its descendants use.

    Raises:
        click.ClickException: the command failed; the text is the last line that it said.
    """
    started = time.monotonic()
    cpu: dict[int, float] = {}
    peak = 0
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
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
        if process.wait():
            said.seek(0)
            lines = said.read().split("\n")
            raise click.ClickException(next((line for line in reversed(lines) if line.strip()), f"{command[0]} failed"))
    return Cost(time.monotonic() - started, sum(cpu.values()), peak)


@click.command()
@click.option(
    "--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="8 is 1M events."
)
@click.option("--target", "targets", multiple=True, type=click.Choice(["duckdb", "spark"]), default=["duckdb", "spark"])
@click.option("--folder", type=click.Path(path_type=Path), help="Where to work; it stays. Default: a folder that goes.")
def bench(scale: float, targets: tuple[str, ...], folder: Path | None) -> None:
    """Build a demo company of any size on each engine and say what it cost."""
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (folder or Path(temporary)).resolve()
        raw = folder / f"raw-{scale:g}"
        outs = {target: folder / f"{target}-{scale:g}" for target in targets}
        for out in outs.values():
            if out.exists():
                raise click.ClickException(f"{out}: built before, and what is known costs less. Name another --folder.")
        if not raw.exists():
            with Progress(console).step("Demo company") as step:
                generate(raw, scale=scale, on_progress=step.share)
        floor = measure([sys.executable, "-c", _FLOOR, str(raw)])
        costs = {"floor: events sorted once": floor}
        for target in targets:
            with Progress(console).step(target):
                build = [sys.executable, "-m", "customer_journey", "build", "--target", target]
                costs[target] = measure([*build, "--raw", str(raw), "--out", str(outs[target])])
    table = Table("", "wall s", "CPU s", "CPU / floor", "memory GB", box=None)
    for name, cost in costs.items():
        ratio = f"{cost.cpu / floor.cpu:.1f}"
        table.add_row(name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", ratio, f"{cost.peak_bytes / 1e9:.2f}")
    console.print(table)


if __name__ == "__main__":
    bench()
