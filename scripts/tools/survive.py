"""Lets builds come to harm at drawn moments, and sees that readers and the next build do not notice.

Builds of two companies by turns, which differ in one order and in as-of, go on in one output folder. They are killed,
run out of disk or memory, meet each other, and find their raw files or their warehouse damaged, while somebody reads
all the time. After each harm the published file must be one whole build; after every few a build must end in the same
marts as one that nothing ever happened to.
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import duckdb
import yaml
from customer_journey.compare import compare
from customer_journey.errors import ExitCode
from customer_journey.paths import DEMO, Output
from customer_journey.settings import FILE_NAME

# The order that tells the two companies apart, and the moments that their builds take for now: the second lies before.
ORDER = "soak-order"
COMPANIES = {"A": ("100.00", "2026-06-30T00:00:00Z"), "B": ("250.00", "2026-05-31T00:00:00Z")}
# Where builds are killed, and how many in a round: the late phases take the time of a whole build to come to.
PHASES = {"start": 2, "landing": 2, "staging": 4, "models": 3, "CLV": 1, "checks": 1, "publishing": 2}
_MEGABYTE = 2**20

_READER = """
import json, sys, time
from pathlib import Path
import duckdb
file, stop = sys.argv[1], Path(sys.argv[2])
reads, errors, seen = 0, [], {}
while not stop.exists():
    try:
        with duckdb.connect(file, read_only=True) as connection:
            build = connection.execute("select build_id from marts.build_info").fetchone()[0]
            time.sleep(0.01)
            amount = connection.execute(
                "select max(total_amount) from marts.fct_orders where order_id = 'soak-order'").fetchone()[0]
            if seen.setdefault(build, str(amount)) != str(amount):
                errors.append(f"{build}: {seen[build]} and {amount}")
            reads += 1
    except Exception as error:
        errors.append(repr(error))
    time.sleep(0.3)
print(json.dumps({"reads": reads, "builds": len(seen), "errors": errors[:5]}))
"""


class SoakError(Exception):
    """A build did not survive: readers or the next build noticed."""


@dataclass(frozen=True)
class Harm:
    """One injected fault: what was done at which point, the state after it, and the result of the next build."""

    kind: str
    point: str
    state: str
    next_run: str


@dataclass
class Soak:
    """The output folder that all harms are done to."""

    folder: Path
    raw: Path
    published: str = "A"
    # how long the last unbroken build took
    seconds: float = 60.0
    harms: list[Harm] = field(default_factory=list)

    @property
    def out(self) -> Output:
        """The output folder."""
        return Output(self.folder / "out")

    def reference(self, company: str) -> Path:
        """The published file of a build of this company that nothing happened to."""
        return self.folder / f"reference_{company}" / "journey.duckdb"

    def other(self) -> str:
        """Return the company that is not published just now, so that a build of it has something to do."""
        return "B" if self.published == "A" else "A"

    def prepare(self) -> None:
        """Build both companies in folders of their own; the first is what readers see when the harm begins.

        References that an earlier soak left in the folder are taken as they are.
        """
        for company in COMPANIES:
            self.write(company)
            if not self.reference(company).exists():
                self.must_publish(company, self.folder / f"reference_{company}")
        shutil.rmtree(self.out.root, ignore_errors=True)
        shutil.copytree(self.folder / "reference_A", self.out.root)

    def write(self, company: str) -> None:
        """Let the raw folder be that of a company."""
        amount, as_of = COMPANIES[company]
        file = self.raw / "orders" / "orders" / "soak.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "order_id,email,ordered_at,status,total_amount\n"
            f"{ORDER},soak@example.com,2026-05-01T08:00:00Z,paid,{amount}\n",
            encoding="utf-8",
        )
        settings = self.raw / FILE_NAME
        told = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
        settings.write_text(yaml.safe_dump({**(told or {}), "as_of": as_of}), encoding="utf-8")

    def must_publish(self, company: str, out: Path) -> None:
        """Build a company to the end, and hold what it publishes against the build that nothing happened to."""
        started = time.monotonic()
        done = subprocess.run(command(self.raw, out), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SoakError(f"an unbroken build ended with {done.returncode}: {done.stderr.strip()}")
        self.seconds = time.monotonic() - started
        if out == self.out.root:
            self.published = company
            differences = compare(self.out.published, self.reference(company))[1]
            if differences:
                raise SoakError(f"the build differs from an unbroken one in {[one.mart for one in differences]}")

    def state(self, before: bytes, company: str) -> str:
        """Tell how the published file stands after a harm to a build of `company`; it must be one whole build."""
        after = self.out.published.read_bytes()
        if after == before:
            return "published file as it was"
        differences = compare(self.out.published, self.reference(company))[1]
        if differences:
            raise SoakError(f"what is published is of neither build: {[one.mart for one in differences]}")
        self.published = company
        return "new build published, whole"

    def recover(self) -> str:
        """Run the next build to its end; return what it did."""
        company = self.other()
        self.write(company)
        self.must_publish(company, self.out.root)
        statuses = _statuses(self.out.published)
        return f"published, marts equal ({self.seconds:.0f} s; audit_builds: {statuses})"

    def note(self, kind: str, point: str, state: str, next_run: str) -> None:
        """Add a harm to the table, and show it."""
        self.harms.append(Harm(kind, point, state, next_run))
        click.echo(f"| {len(self.harms)} | {kind} | {point} | {state} | {next_run} |")


def command(raw: Path, out: Path, *options: str) -> list[str]:
    """Return the command of a build."""
    return [sys.executable, "-m", "customer_journey", "build", "--raw", str(raw), "--out", str(out), *options]


def _statuses(published: Path) -> str:
    with duckdb.connect(str(published), read_only=True) as connection:
        rows = connection.execute("select status, count(*) from marts.audit_builds group by 1 order by 1").fetchall()
    return ", ".join(f"{count} {status}" for status, count in rows)


def _file_number(file: Path) -> int | None:
    # the build may move it between two looks
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None


class Victim:
    """A build in a process group of its own."""

    def __init__(self, raw: Path, out: Output, **limits: int) -> None:
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by stop)
        self._wrong = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._out = out
        self._log = out.logs / "dbt.log"
        self._old_log = _file_number(self._log)

        def limit() -> None:
            for name, value in limits.items():
                resource.setrlimit(getattr(resource, name), (value, value))

        self.process = subprocess.Popen(
            command(raw, out.root),
            stdout=self._said,
            stderr=self._wrong,
            start_new_session=True,
            preexec_fn=limit if limits else None,
        )

    def said(self) -> str:
        """Return its standard output so far."""
        self._said.seek(0)
        return self._said.read()

    def errors(self) -> list[str]:
        """Return the lines of its standard error."""
        self._wrong.seek(0)
        return self._wrong.read().strip().splitlines()

    def log(self) -> str:
        """Return what dbt has logged of this build."""
        # until the build has begun a log of its own, the one that lies there is of the build before
        if _file_number(self._log) in (None, self._old_log):
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def has_come_to(self, phase: str) -> bool:
        """Tell whether the build has begun a phase."""
        match phase:
            case "landing":
                return (self._out.root / ".lock").exists() and not self._out.built_from.exists()
            case "staging":
                return "Landing " in self.said()
            case "models":
                return " OK created sql table model intermediate." in self.log()
            case "CLV":
                return "Models and tests " in self.said()
            case "checks":
                return "Models of CLV " in self.said()
            case "publishing":
                return self._out.publishing.exists() or "Expectations " in self.said()
        return True

    def wait_for(self, phase: str, seconds: float) -> bool:
        """Wait until a phase has begun and then for some seconds; tell whether the build is still at work."""
        while not self.has_come_to(phase):
            if self.process.poll() is not None:
                return False
            time.sleep(0.002)
        time.sleep(seconds)
        return self.process.poll() is None

    def kill(self) -> None:
        """End it, with all that it started, as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def where(self) -> str:
        """Tell what it was at: the last step that ended, or the last node that dbt began."""
        starts = [line for line in self.log().splitlines() if " START " in line]
        steps = [line.split("  ")[0] for line in self.said().splitlines() if line and line[0] != " "]
        if steps[-1:] == ["Landing"] and starts:
            return starts[-1].split(" START ")[1].split(" ...")[0].replace("sql table model ", "").rstrip(" .")
        return f"after {steps[-1]}" if steps else "before Landing ended"


# The longest that is waited within each phase: about how long it takes on two cores, in shares of a whole build.
_SHARES = {
    "start": 0.03,
    "landing": 0.02,
    "staging": 0.35,
    "models": 0.25,
    "CLV": 0.03,
    "checks": 0.06,
    "publishing": 0,
}


def kill_one(soak: Soak, phase: str, draw: random.Random) -> tuple[str, str]:
    """Kill a build in a phase; return where, and how things stood then."""
    company = soak.other()
    soak.write(company)
    before = soak.out.published.read_bytes()
    seconds = draw.uniform(0, max(0.15, _SHARES[phase] * soak.seconds))
    victim = Victim(soak.raw, soak.out)
    was_at_work = victim.wait_for(phase, seconds)
    victim.kill()
    where = f"{phase} + {seconds:.2f} s: {victim.where()}"
    return (where if was_at_work else f"{where} (had ended)"), soak.state(before, company)


def kills(soak: Soak, count: int, draw: random.Random, rest: int, only: Sequence[str]) -> None:
    """Kill builds in every phase by turns, or in some; every `rest` of them a build runs to its end."""
    phases = [phase for phase, times in PHASES.items() for _ in range(times) if not only or phase in only]
    for number in range(count):
        point, state = kill_one(soak, phases[number % len(phases)], draw)
        is_last = number % rest == rest - 1 or number == count - 1
        soak.note("kill -9", point, state, soak.recover() if is_last else "killed too, see next")


def full_disks(soak: Soak, count: int, draw: random.Random) -> None:
    """Let the disk of OUT be full at drawn points: a small file system for root, a limit of file size for others."""
    size = sum(file.stat().st_size for file in soak.out.root.rglob("*") if file.is_file())
    for number in range(count):
        # from nothing at all to nearly enough
        room = int(draw.uniform(number, number + 1) / count * 0.5 * size) if number else 0
        company = soak.other()
        soak.write(company)
        before = soak.out.published.read_bytes()
        with _small_disk(soak.out.root, room) as limits:
            victim = Victim(soak.raw, soak.out, **limits)
            victim.process.wait()
            state = soak.state(before, company)
            line = told(victim)
        is_last = number % 4 == 3 or number == count - 1
        next_run = soak.recover() if is_last else "met a full disk too, see next"
        soak.note("disk full", f"{room / _MEGABYTE:.1f} MB left, {victim.where()}", f"{line}; {state}", next_run)


@contextlib.contextmanager
def _small_disk(out: Path, room: int) -> Iterator[dict[str, int]]:
    """Put OUT on a file system with so much room left, and back; yield the limits of the build."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        largest = max(file.stat().st_size for file in out.rglob("*") if file.is_file())
        yield {"RLIMIT_FSIZE": min(largest, room + 4096)}
        return
    aside = out.with_name("aside")
    shutil.rmtree(aside, ignore_errors=True)
    out.rename(aside)
    out.mkdir()
    pages = sum(-(-file.stat().st_size // 4096) * 4096 for file in aside.rglob("*") if file.is_file())
    folders = sum(4096 for entry in aside.rglob("*") if entry.is_dir())
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={pages + folders + room}", "tmpfs", str(out)], check=True)
    try:
        shutil.copytree(aside, out, dirs_exist_ok=True)
        yield {}
    finally:
        shutil.rmtree(aside)
        shutil.copytree(out, aside)
        subprocess.run(["umount", str(out)], check=True)
        out.rmdir()
        aside.rename(out)


def told(victim: Victim) -> str:
    """Return exit code and line of a build that ended by itself; more than a line is a failure of the soak."""
    lines = victim.errors()
    code = victim.process.returncode
    if code == 0 and not lines:
        return "exit 0"
    if code not in (ExitCode.CHECK_FAILED, ExitCode.UNUSABLE_INPUT, ExitCode.LOCKED) or len(lines) != 1:
        raise SoakError(f"exit {code}, told in {len(lines)} lines: {lines[:3]} … {lines[-3:]}")
    return f"exit {code}: {lines[0][:90].replace('|', '/')}"


def short_of_memory(soak: Soak, megabytes: Sequence[int]) -> None:
    """Let builds have so much address space, as `ulimit -v` does."""
    for number, limit in enumerate(megabytes):
        company = soak.other()
        soak.write(company)
        before = soak.out.published.read_bytes()
        victim = Victim(soak.raw, soak.out, RLIMIT_AS=limit * _MEGABYTE)
        victim.process.wait()
        line, state = told(victim), soak.state(before, company)
        is_last = number == len(megabytes) - 1
        soak.note("memory", f"ulimit -v of {limit} MB", f"{line}; {state}", soak.recover() if is_last else "see next")


def other_harms(soak: Soak) -> None:
    """Do the harms that need no drawing: two builds at once, damaged raw files, a damaged warehouse."""
    _two_at_once(soak)
    # the largest file: that of most rows
    largest = max((file for file in soak.raw.rglob("*.*") if file.suffix in (".csv", ".parquet")), key=_size)
    whole = largest.read_bytes()
    damages: dict[str, Callable[[], object]] = {
        "raw file shortened": lambda: largest.write_bytes(whole[: len(whole) // 2]),
        "raw file half written": lambda: largest.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2)),
        "raw file deleted": largest.unlink,
    }
    for name, damage in damages.items():
        _after(soak, name, damage, lambda: largest.write_bytes(whole))
    warehouse = soak.out.warehouse
    for name, at in (("head of the warehouse overwritten", 0), ("middle of the warehouse overwritten", 1)):
        kept = warehouse.read_bytes()

        def damage(at: int = at) -> None:
            with warehouse.open("r+b") as stream:
                stream.seek(at * _size(warehouse) // 2)
                stream.write(os.urandom(4096 if at == 0 else _size(warehouse) // 4))

        def put_back(kept: bytes = kept) -> None:
            warehouse.with_name("warehouse.duckdb.wal").unlink(missing_ok=True)
            warehouse.write_bytes(kept)

        _after(soak, name, damage, put_back)
    kept_file = soak.folder / "aside.duckdb"
    _after(soak, "warehouse gone", lambda: warehouse.rename(kept_file), lambda: None)


def _size(file: Path) -> int:
    return file.stat().st_size


def _after(soak: Soak, name: str, damage: Callable[[], object], mend: Callable[[], object]) -> None:
    """Do a damage, build, mend it, build again."""
    company = soak.other()
    soak.write(company)
    before = soak.out.published.read_bytes()
    damage()
    victim = Victim(soak.raw, soak.out)
    victim.process.wait()
    line = told(victim)
    # a raw file that is gone or shorter is another company: readers must see a whole build, whichever
    state = "published" if victim.process.returncode == 0 else soak.state(before, company)
    if victim.process.returncode == 0:
        soak.published = company
    mend()
    soak.note("damage", name, f"{line}; {state}", soak.recover())


def _two_at_once(soak: Soak) -> None:
    company = soak.other()
    soak.write(company)
    before = soak.out.published.read_bytes()
    first = Victim(soak.raw, soak.out)
    first.wait_for("staging", 1)
    second = Victim(soak.raw, soak.out)
    second.process.wait()
    line = told(second)
    first.process.wait()
    state = f"second: {line}; first: {told(first)}; {soak.state(before, company)}"
    soak.note("two at once", "the second while the first builds models", state, soak.recover())


@contextlib.contextmanager
def reading(soak: Soak) -> Iterator[dict[str, object]]:
    """Read the published file over and over; what was seen is in the dictionary afterwards."""
    stop = soak.folder / "stop"
    stop.unlink(missing_ok=True)
    reader = subprocess.Popen(
        [sys.executable, "-c", _READER, str(soak.out.published), str(stop)], stdout=subprocess.PIPE, text=True
    )
    seen: dict[str, object] = {}
    try:
        yield seen
    finally:
        stop.touch()
        said, _ = reader.communicate(timeout=60)
        seen.update(json.loads(said))


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Where raw tables and builds go.")
@click.option("--raw", type=click.Path(path_type=Path), help="Raw tables. Default: those of the demo company.")
@click.option("--kills", "kill_count", default=56, show_default=True, help="How many builds are killed.")
@click.option("--phase", "phases", type=click.Choice(list(PHASES)), multiple=True, help="Default: every phase.")
@click.option("--disks", default=12, show_default=True, help="At how many points the disk is full.")
@click.option("--rest", default=4, show_default=True, help="After how many harms a build runs to its end.")
@click.option("--memory", default="500,1000,1600,1800,2000,2500", show_default=True, help="Limits of memory, in MB.")
@click.option("--seed", default=14, show_default=True, help="The same seed draws the same moments.")
@click.option("--only", type=click.Choice(["kills", "disks", "memory", "others"]), multiple=True, help="Default: all.")
def main(
    folder: Path,
    raw: Path | None,
    kill_count: int,
    phases: tuple[str, ...],
    disks: int,
    rest: int,
    memory: str,
    seed: int,
    only: tuple[str, ...],
) -> None:
    """Let builds come to harm and print a line of each; exit 1 where readers or the next build noticed."""
    os.environ.setdefault("JOURNEY_HASH_KEY", "the same for all builds of the soak")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "raw").exists():
        shutil.copytree(raw or DEMO, folder / "raw")
    soak = Soak(folder.resolve(), folder.resolve() / "raw")
    draw = random.Random(seed)
    soak.prepare()
    click.echo("| | harm | point | state after it | next build |\n|---|---|---|---|---|")
    chosen = only or ("kills", "disks", "memory", "others")
    if "kills" in chosen:
        with reading(soak) as seen:
            kills(soak, kill_count, draw, rest, phases)
        click.echo(f"reader meanwhile: {seen}")
        if seen["errors"]:
            raise SoakError(f"a reader saw {seen['errors']}")
    if "disks" in chosen:
        full_disks(soak, disks, draw)
    if "memory" in chosen:
        short_of_memory(soak, [int(limit) for limit in memory.split(",") if limit])
    if "others" in chosen:
        other_harms(soak)


if __name__ == "__main__":
    try:
        main()
    except SoakError as error:
        sys.exit(f"FAILED: {error}")
