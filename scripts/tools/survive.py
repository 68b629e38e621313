"""Fault injection: interrupts and damages builds at random moments, and checks that readers and later builds survive.

Two companies, which differ in one order and in as-of, are built alternately in one output folder. Builds are killed,
run out of disk or memory, run at the same time, or find their raw files or warehouse damaged, while a reader queries
the published file all the time. After each fault the published file must hold one complete build. After every few
faults a build runs to its end, and its marts must equal those of a build without any fault.
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
from customer_journey.comparison.compare import compare
from customer_journey.errors import ExitCode
from customer_journey.paths import DEMO, Output
from customer_journey.settings import FILE_NAME

# The order by which the two companies differ, and the as-of of their builds: that of B is earlier than that of A.
ORDER = "soak-order"
COMPANIES = {"A": ("100.00", "2026-06-30T00:00:00Z"), "B": ("250.00", "2026-05-31T00:00:00Z")}
# The phases in which builds are killed, and how often per round: late phases are rarer, since reaching them takes long.
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
    """The check failed: a reader saw an error or an incomplete build, or a later build had wrong marts."""


@dataclass(frozen=True)
class Harm:
    """One injected fault: what was done at which point, the state after it, and the result of the next build."""

    kind: str
    point: str
    state: str
    next_run: str


@dataclass
class Soak:
    """The output folder in which all faults are injected."""

    folder: Path
    raw: Path
    published: str = "A"
    # seconds of the last uninterrupted build
    seconds: float = 60.0
    harms: list[Harm] = field(default_factory=list)

    @property
    def out(self) -> Output:
        """The output folder."""
        return Output(self.folder / "out")

    def reference(self, company: str) -> Path:
        """The published file of a build of this company without any fault."""
        return self.folder / f"reference_{company}" / "journey.duckdb"

    def other(self) -> str:
        """Return the company that is not published at present, so that its build is not skipped as nothing new."""
        return "B" if self.published == "A" else "A"

    def prepare(self) -> None:
        """Build both companies in separate folders as references; start with a published build of the first.

        References that an earlier run left in the folder are reused.
        """
        for company in COMPANIES:
            self.write(company)
            if not self.reference(company).exists():
                self.must_publish(company, self.folder / f"reference_{company}")
        shutil.rmtree(self.out.root, ignore_errors=True)
        shutil.copytree(self.folder / "reference_A", self.out.root)

    def write(self, company: str) -> None:
        """Change the raw folder to that of a company."""
        amount, as_of = COMPANIES[company]
        file = self.raw / "orders" / "orders" / "soak.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "order_id,email,ordered_at,status,total_amount\n"
            f"{ORDER},soak@example.com,2026-05-01T08:00:00Z,paid,{amount}\n",
            encoding="utf-8",
        )
        settings = self.raw / FILE_NAME
        existing = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.is_file() else {}
        settings.write_text(yaml.safe_dump({**(existing or {}), "as_of": as_of}), encoding="utf-8")

    def must_publish(self, company: str, out: Path) -> None:
        """Build a company without a fault; in OUT, compare the published marts with those of its reference."""
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
        """Return the state of the published file after a fault in a build of `company`; it must be one whole build."""
        after = self.out.published.read_bytes()
        if after == before:
            return "published file as it was"
        differences = compare(self.out.published, self.reference(company))[1]
        if differences:
            raise SoakError(f"the published file equals neither build: {[one.mart for one in differences]}")
        self.published = company
        return "new build published, whole"

    def recover(self) -> str:
        """Run the next build to its end, and return its result in words."""
        company = self.other()
        self.write(company)
        self.must_publish(company, self.out.root)
        statuses = _statuses(self.out.published)
        return f"published, marts equal ({self.seconds:.0f} s; audit_builds: {statuses})"

    def note(self, kind: str, point: str, state: str, next_run: str) -> None:
        """Add a fault to the table, and print its line."""
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
    # the build may move the file between two checks
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None


class Victim:
    """A build that runs in a process group of its own, so that it can be killed with all its children."""

    def __init__(self, raw: Path, out: Output, **limits: int) -> None:
        self._stdout = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by stop)
        self._stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._out = out
        self._log = out.logs / "dbt.log"
        self._old_log = _file_number(self._log)

        def limit() -> None:
            for name, value in limits.items():
                resource.setrlimit(getattr(resource, name), (value, value))

        self.process = subprocess.Popen(
            command(raw, out.root),
            stdout=self._stdout,
            stderr=self._stderr,
            start_new_session=True,
            preexec_fn=limit if limits else None,
        )

    def stdout(self) -> str:
        """Return the standard output so far."""
        self._stdout.seek(0)
        return self._stdout.read()

    def errors(self) -> list[str]:
        """Return the lines of standard error so far."""
        self._stderr.seek(0)
        return self._stderr.read().strip().splitlines()

    def log(self) -> str:
        """Return the dbt log of this build so far."""
        # until the build starts its own log, the file is that of the build before
        if _file_number(self._log) in (None, self._old_log):
            return ""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def has_come_to(self, phase: str) -> bool:
        """Return whether the build has begun a phase."""
        match phase:
            case "landing":
                return (self._out.root / ".lock").exists() and not self._out.built_from.exists()
            case "staging":
                return "Landing " in self.stdout()
            case "models":
                return " OK created sql table model intermediate." in self.log()
            case "CLV":
                return "Models and tests " in self.stdout()
            case "checks":
                return "Models of CLV " in self.stdout()
            case "publishing":
                return self._out.publishing.exists() or "Expectations " in self.stdout()
        return True

    def wait_for(self, phase: str, seconds: float) -> bool:
        """Wait until a phase has begun and some seconds longer; return whether the build is still running."""
        while not self.has_come_to(phase):
            if self.process.poll() is not None:
                return False
            time.sleep(0.002)
        time.sleep(seconds)
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill the build and all its child processes at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def where(self) -> str:
        """Return what the build was doing: the last step that ended, or the last node that dbt started."""
        starts = [line for line in self.log().splitlines() if " START " in line]
        steps = [line.split("  ")[0] for line in self.stdout().splitlines() if line and line[0] != " "]
        if steps[-1:] == ["Landing"] and starts:
            return starts[-1].split(" START ")[1].split(" ...")[0].replace("sql table model ", "").rstrip(" .")
        return f"after {steps[-1]}" if steps else "before Landing ended"


# The longest wait within each phase, as a share of a whole build: about as long as the phase takes on two cores.
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
    """Kill a build in a phase; return the point at which it was killed and the state after it."""
    company = soak.other()
    soak.write(company)
    before = soak.out.published.read_bytes()
    seconds = draw.uniform(0, max(0.15, _SHARES[phase] * soak.seconds))
    victim = Victim(soak.raw, soak.out)
    was_running = victim.wait_for(phase, seconds)
    victim.kill()
    where = f"{phase} + {seconds:.2f} s: {victim.where()}"
    return (where if was_running else f"{where} (had ended)"), soak.state(before, company)


def kills(soak: Soak, count: int, draw: random.Random, rest: int, only: Sequence[str]) -> None:
    """Kill builds, alternating between the phases; after every `rest` kills let a build run to its end."""
    phases = [phase for phase, times in PHASES.items() for _ in range(times) if not only or phase in only]
    for number in range(count):
        point, state = kill_one(soak, phases[number % len(phases)], draw)
        is_last = number % rest == rest - 1 or number == count - 1
        soak.note("kill -9", point, state, soak.recover() if is_last else "killed too, see next")


def full_disks(soak: Soak, count: int, draw: random.Random) -> None:
    """Let the disk of OUT fill up at random points: as root by a small file system, else by a file size limit."""
    size = sum(file.stat().st_size for file in soak.out.root.rglob("*") if file.is_file())
    for number in range(count):
        # from no room at all to nearly enough
        room = int(draw.uniform(number, number + 1) / count * 0.5 * size) if number else 0
        company = soak.other()
        soak.write(company)
        before = soak.out.published.read_bytes()
        with _small_disk(soak.out.root, room) as limits:
            victim = Victim(soak.raw, soak.out, **limits)
            victim.process.wait()
            state = soak.state(before, company)
            line = outcome(victim)
        is_last = number % 4 == 3 or number == count - 1
        next_run = soak.recover() if is_last else "met a full disk too, see next"
        soak.note("disk full", f"{room / _MEGABYTE:.1f} MB left, {victim.where()}", f"{line}; {state}", next_run)


@contextlib.contextmanager
def _small_disk(out: Path, room: int) -> Iterator[dict[str, int]]:
    """Move OUT to a file system with this much free space, and back at the end; yield the limits of the build."""
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


def outcome(victim: Victim) -> str:
    """Return exit code and error line of a build that ended by itself.

    Raises:
        SoakError: the build printed more than one line, or ended with an unexpected code.
    """
    lines = victim.errors()
    code = victim.process.returncode
    if code == 0 and not lines:
        return "exit 0"
    if code not in (ExitCode.CHECK_FAILED, ExitCode.UNUSABLE_INPUT, ExitCode.LOCKED) or len(lines) != 1:
        raise SoakError(f"exit {code} with {len(lines)} lines on standard error: {lines[:3]} … {lines[-3:]}")
    return f"exit {code}: {lines[0][:90].replace('|', '/')}"


def short_of_memory(soak: Soak, megabytes: Sequence[int]) -> None:
    """Run builds with limited address space, as with `ulimit -v`."""
    for number, limit in enumerate(megabytes):
        company = soak.other()
        soak.write(company)
        before = soak.out.published.read_bytes()
        victim = Victim(soak.raw, soak.out, RLIMIT_AS=limit * _MEGABYTE)
        victim.process.wait()
        line, state = outcome(victim), soak.state(before, company)
        is_last = number == len(megabytes) - 1
        soak.note("memory", f"ulimit -v of {limit} MB", f"{line}; {state}", soak.recover() if is_last else "see next")


def other_harms(soak: Soak) -> None:
    """Inject the faults that need no random moment: two builds at once, damaged raw files, a damaged warehouse."""
    _two_at_once(soak)
    for kind in ("csv", "parquet"):
        files = list(soak.raw.rglob(f"*.{kind}"))
        if files:
            # damage to the largest file affects most rows
            _damage_file(soak, kind, max(files, key=_size))
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


def _damage_file(soak: Soak, kind: str, file: Path) -> None:
    whole = file.read_bytes()
    damages: dict[str, Callable[[], object]] = {
        "shortened": lambda: file.write_bytes(whole[: len(whole) // 2]),
        "half written": lambda: file.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2)),
        "deleted": file.unlink,
    }
    for name, damage in damages.items():
        _after(soak, f"raw {kind} {name}", damage, lambda: file.write_bytes(whole))


def _size(file: Path) -> int:
    return file.stat().st_size


def _after(soak: Soak, name: str, damage: Callable[[], object], mend: Callable[[], object]) -> None:
    """Damage something, build, repair it, and build again."""
    company = soak.other()
    soak.write(company)
    before = soak.out.published.read_bytes()
    damage()
    victim = Victim(soak.raw, soak.out)
    victim.process.wait()
    line = outcome(victim)
    # without some raw rows the build may publish other marts than either reference, which is correct
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
    line = outcome(second)
    first.process.wait()
    state = f"second: {line}; first: {outcome(first)}; {soak.state(before, company)}"
    soak.note("two at once", "the second while the first builds models", state, soak.recover())


@contextlib.contextmanager
def reading(soak: Soak) -> Iterator[dict[str, object]]:
    """Query the published file repeatedly during the block; afterwards the dictionary holds what the reader saw."""
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
        output, _ = reader.communicate(timeout=60)
        seen.update(json.loads(output))


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Folder for raw tables and builds.")
@click.option("--raw", type=click.Path(path_type=Path), help="Raw tables. Default: those of the demo company.")
@click.option("--kills", "kill_count", default=56, show_default=True, help="Number of builds to kill.")
@click.option(
    "--phase",
    "phases",
    type=click.Choice(list(PHASES)),
    multiple=True,
    help="Phase in which builds are killed. Default: every phase.",
)
@click.option("--disks", default=12, show_default=True, help="Number of points at which the disk is full.")
@click.option("--rest", default=4, show_default=True, help="Number of faults after which a build runs to its end.")
@click.option("--memory", default="500,1000,1600,1800,2000,2500", show_default=True, help="Memory limits, in MB.")
@click.option("--seed", default=14, show_default=True, help="Seed of the random moments.")
@click.option(
    "--only",
    type=click.Choice(["kills", "disks", "memory", "others"]),
    multiple=True,
    help="Kind of fault. Default: all.",
)
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
    """Inject faults into builds and print a line for each; exit with 1 if readers or a later build were affected."""
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
