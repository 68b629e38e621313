"""Publishing: readers see whole builds only, a killed build changes nothing, and no personal data is published.

In one output folder a small company is published, a build of a larger one is killed half-way and once more while it
publishes, then the larger one is published, then the small one again, while readers read all the time. These builds
have few marts; the content of the published file is checked in a build of all marts.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.comparison.compare import compare
from customer_journey.errors import ExitCode
from customer_journey.paths import PROJECT

from tests.build.conftest import SETTINGS
from tests.support.builds import environment_of, publish, run_build, write_rows, write_settings
from tests.support.leaks import PERSONAL, SLIPPED, rows_of_one

# the files in an output folder while no build runs, except pages that tests leave out
DOCUMENTED = {
    ".lock", "built_from.json", "data_docs", "dbt", "journey.duckdb", "logs", "summary.json", "warehouse.duckdb",
}  # fmt: skip

# reads the published file repeatedly until the file `stop` exists, and prints a line of JSON each time
READER = """
import json, sys, time
from pathlib import Path
import duckdb
file, stop, keeps_open = sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "open"

def read(connection):
    def one(query):
        value = connection.execute(query).fetchone()[0]
        time.sleep(0.005)
        return value
    return {
        "build_id": one("select build_id from marts.build_info"),
        "orders": one("select count(*) from marts.fct_orders"),
        "sessions": one("select sum(event_count) from marts.fct_sessions"),
        "accepted": one("select accepted from marts.audit_reconciliation where source_table = 'orders.orders'"),
        "revenue": str(one("select sum(net_revenue) from marts.audit_revenue")),
        "last_build": one("select max(build_id) from marts.audit_builds where status = 'published'"),
    }

connection = None
while not stop.exists():
    try:
        if keeps_open:
            connection = connection or duckdb.connect(file, read_only=True)
            seen = read(connection)
        else:
            with duckdb.connect(file, read_only=True) as connection:
                seen = read(connection)
    except Exception as error:
        seen = {"error": repr(error)}
    print(json.dumps(seen), flush=True)
    # a reader that opens the file anew checks the moment of publishing; one that holds it open would notice at any time
    time.sleep(0.1 if keeps_open else 0.02)
"""

UTM_AND_REASONS = {
    "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "campaign", "reason", "lost_reason",
}  # fmt: skip
FREE_TEXT = {"comment", "body", "page_url", "referrer_url", "user_agent", "outcome", "job_title"}


def _write_company(raw: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    write_settings(raw, SETTINGS)
    for label, table_rows in rows.items():
        write_rows(raw, label, table_rows)


# what a reader may see, by the number of orders: each belongs to one whole build
WHOLE_BUILDS = {
    1: {"orders": 1, "sessions": 2, "accepted": 1, "revenue": Decimal("100.10")},
    3: {"orders": 3, "sessions": 2, "accepted": 3, "revenue": Decimal("61.50")},
}


class Build:
    """A build in its own process group, so that it can be killed."""

    def __init__(self, project: Path, raw: Path, out: Path, *options: str) -> None:
        self._environment = environment_of(project)
        command = [sys.executable, "-m", "customer_journey", "build", "--raw", str(raw), "--out", str(out)]
        self._command = [*command, *options]

    def __enter__(self) -> "Build":
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *exception: object) -> None:
        # also processes that a killed build left running
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until(self, is_so: Callable[[], bool], seconds: float = 180) -> None:
        """Wait until the running build reaches a given state."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert self.process.poll() is None, f"the build ended before: {self._said()}"
            assert time.monotonic() < deadline, "the moment did not come"
            time.sleep(0.002)

    def wait_for_step(self, name: str) -> None:
        """Wait until a step has ended."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(name):
                return
        raise AssertionError(f"the build ended before {name!r}")

    def kill(self) -> None:
        """Kill the build as a power cut would: no handler runs."""
        self.process.kill()
        self.process.wait()
        assert self.process.returncode == -signal.SIGKILL

    def still_running(self) -> str:
        """Return the processes of the group that are still running."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,stat=,args=", "-g", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return "\n".join(line for line in listed.stdout.splitlines() if " Z" not in line)

    def _said(self) -> str:
        return self.process.stdout.read() if self.process.stdout else ""


def _kill_while_modelling(project: Path, raw: Path, out: Path) -> str:
    """Kill a build while dbt creates marts, some of them already with new rows; return what is still running."""
    log = out / "logs" / "dbt.log"
    # the build renames the log of the one before, and starts its own
    before = log.stat().st_ino

    def has_come() -> bool:
        try:
            return log.stat().st_ino != before and b"sql table model marts.fct_orders" in log.read_bytes()
        except FileNotFoundError:
            return False

    with Build(project, raw, out) as build:
        build.wait_until(has_come)
        build.kill()
        deadline = time.monotonic() + 20
        while build.still_running() and time.monotonic() < deadline:
            time.sleep(0.5)
        return build.still_running()


def _kill_while_publishing(project: Path, raw: Path, out: Path) -> None:
    """Kill a build while it writes the file that will replace the published one."""
    unfinished = out / ".journey.publishing.duckdb"
    for _ in range(3):
        with Build(project, raw, out, "--full-refresh") as build:
            build.wait_for_step("Expectations")
            build.wait_until(unfinished.exists)
            # stopped first, because a build that has just renamed the file is complete; the test must then try again
            os.kill(build.process.pid, signal.SIGSTOP)
            if unfinished.exists():
                build.kill()
                return
    raise AssertionError("the build could not be caught while it published")


@contextlib.contextmanager
def _reading(file: Path, observations: Path, how: str) -> Iterator[None]:
    stop = observations.with_suffix(".stop")
    with observations.open("w", encoding="utf-8") as stream:
        reader = subprocess.Popen([sys.executable, "-c", READER, str(file), str(stop), how], stdout=stream)
        try:
            yield
        finally:
            stop.touch()
            try:
                reader.wait(timeout=30)
            finally:
                reader.kill()


def _observations(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class History:
    """The events in the output folder, and what its readers saw."""

    out: Path
    small: Path
    large: Path
    small_again: Path
    unchanged: dict[str, bool]
    left_by_kills: set[str]
    left_running: str
    said_of_nothing_new: str
    seen: list[dict[str, Any]]
    seen_by_one_connection: list[dict[str, Any]]


@pytest.fixture(scope="module")
def history(small: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """Build two companies alternately in one folder, with killed builds among them, while readers read."""
    root = tmp_path_factory.mktemp("publish")
    raw_small, raw_large = root / "raw of the small one", root / "raw of the large one"
    _write_company(raw_small, rows_of_one(1, "100.10"))
    _write_company(raw_large, rows_of_one(3, "20.50"))
    # a folder name that SQL and shells would interpret
    out = root / 'kết quả của "ông" O\'Hara 100%'
    published = out / "journey.duckdb"

    def copy(name: str) -> Path:
        return Path(shutil.copyfile(published, root / f"{name}.duckdb"))

    publish(raw_small, out, project=small)
    first = copy("small")
    unchanged = {}
    with (
        _reading(published, root / "seen.jsonl", "close"),
        _reading(published, root / "seen_by_one.jsonl", "open"),
    ):
        left_running = _kill_while_modelling(small, raw_large, out)
        unchanged["models"] = published.read_bytes() == first.read_bytes()
        _kill_while_publishing(small, raw_large, out)
        unchanged["publishing"] = published.read_bytes() == first.read_bytes()
        left = set(os.listdir(out))
        publish(raw_large, out, project=small)
        second = copy("large")
        publish(raw_small, out, project=small)
        small_again = copy("small again")
        nothing_new = run_build(raw_small, out, project=small)
        assert nothing_new.returncode == 0, nothing_new.stderr
        unchanged["nothing new"] = published.read_bytes() == small_again.read_bytes()
    return History(
        out, first, second, small_again, unchanged, left, left_running, nothing_new.stdout,
        _observations(root / "seen.jsonl"), _observations(root / "seen_by_one.jsonl"),
    )  # fmt: skip


def _build_id(file: Path) -> str:
    with duckdb.connect(str(file), read_only=True) as connection:
        row = connection.execute("select build_id from marts.build_info").fetchone()
    assert row is not None
    return str(row[0])


def test_reader_sees_one_whole_build_at_any_moment(history: History) -> None:
    """A reader never sees an error or rows of two builds while a build publishes."""
    assert [seen["error"] for seen in history.seen if "error" in seen] == []
    builds: dict[str, set[int]] = {}
    for seen in history.seen:
        whole = WHOLE_BUILDS[seen["orders"]]
        assert {**seen, "revenue": Decimal(seen["revenue"])} == {
            **whole,
            "build_id": seen["build_id"],
            "last_build": seen["build_id"],
        }
        builds.setdefault(seen["build_id"], set()).add(seen["orders"])
    # each of the three published builds was seen, and no killed one
    assert builds == {
        _build_id(history.small): {1},
        _build_id(history.large): {3},
        _build_id(history.small_again): {1},
    }
    assert len(history.seen) > 100


def test_open_connection_keeps_the_build_that_it_opened(history: History) -> None:
    """An open connection keeps reading the build that it opened."""
    first = history.seen_by_one_connection[0]
    assert first["build_id"] == _build_id(history.small)
    assert [seen for seen in history.seen_by_one_connection if seen != first] == []
    assert len(history.seen_by_one_connection) > 100


@pytest.mark.parametrize("moment", ["models", "publishing"])
def test_killed_build_leaves_the_published_file_as_it_was(history: History, moment: str) -> None:
    """A killed build leaves the published file unchanged."""
    assert history.unchanged[moment]


def test_build_after_a_killed_one_publishes(history: History) -> None:
    """The build after a killed one publishes: neither a left lock nor a half-made warehouse stops it."""
    # both builds in the fixture ended normally after killed ones; the second restores the first company
    assert _build_id(history.large) > _build_id(history.small)
    assert compare(history.small, history.large)[1]
    assert compare(history.small, history.small_again)[1] == []


def test_build_to_which_nothing_is_new_publishes_nothing(history: History) -> None:
    """A build with nothing new leaves the published file alone, so BI tools need not reload it."""
    assert history.said_of_nothing_new.startswith(f"nothing is new since build {_build_id(history.small_again)}")
    assert history.unchanged["nothing new"]


def test_killed_build_does_not_pass_for_the_last(history: History) -> None:
    """Rows that a killed build landed are not taken for published."""
    assert "built_from.json" not in history.left_by_kills


def test_output_folder_holds_what_is_documented(history: History) -> None:
    """The output folder holds only documented files: no temporary files stay, also of killed builds."""
    assert set(os.listdir(history.out)) == DOCUMENTED
    # leftovers of a killed build are gone after the next one, and are small
    assert history.left_by_kills - DOCUMENTED <= {
        ".journey.publishing.duckdb",
        ".journey.publishing.duckdb.wal",
        "warehouse.duckdb.wal",
    }


def test_build_after_one_killed_while_it_checks_publishes(history: History, small: Path) -> None:
    """The process that runs expectations ends with a killed build, and so does not block the warehouse."""
    raw = history.out.parent / "raw of the small one"
    with Build(small, raw, history.out, "--full-refresh") as build:
        build.wait_for_step("Models and tests")
        # the warehouse is open within the first second
        time.sleep(1)
        build.kill()
        publish(raw, history.out, project=small)


def test_killed_build_leaves_no_process(history: History) -> None:
    """A killed build leaves no process behind, which would keep its memory."""
    assert history.left_running == ""


def test_warehouse_that_somebody_reads_is_told_in_one_line(history: History, small: Path) -> None:
    """A warehouse that another program has open is reported in one line."""
    hold = "import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=True); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(history.out / "warehouse.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "1\n"
        before = (history.out / "journey.duckdb").read_bytes()
        done = run_build(history.out.parent / "raw of the small one", history.out, "--full-refresh", project=small)
    finally:
        holder.kill()
        holder.wait()
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "warehouse.duckdb" in done.stderr
    assert done.returncode in (ExitCode.LOCKED, ExitCode.UNUSABLE_INPUT)
    assert (history.out / "journey.duckdb").read_bytes() == before


# the content of the published file


@dataclass(frozen=True)
class Whole:
    """A build of all marts whose rows have an address in every text column, and what its marts show of them."""

    ended: str
    published: Path
    leaks: set[tuple[str, str]]


@pytest.fixture(scope="module")
def whole(planted: Path) -> Whole:
    """That build, and its published file if it published."""
    # the warehouse has the marts even if the build was not published
    leaks = {
        (source, where)
        for where, text in _texts(planted / "out" / "warehouse.duckdb")
        for source in re.findall(rf"leak\.(\w+\.\w+){SLIPPED}", text)
    }
    return Whole((planted / "ended").read_text(encoding="utf-8"), planted / "out" / "journey.duckdb", leaks)


def test_published_file_holds_marts_alone(whole: Whole) -> None:
    """The published file holds marts only, since staging tables contain personal data."""
    with duckdb.connect(str(whole.published), read_only=True) as connection:
        schemas = connection.execute("select distinct schema_name from duckdb_schemas() where not internal").fetchall()
        relations = connection.execute(
            "select distinct schema_name from duckdb_tables() union select distinct schema_name from duckdb_views()"
            " where not internal"
        ).fetchall()
    assert schemas == [("marts",)]
    assert relations == [("marts",)]


def test_every_table_and_column_is_described(whole: Whole) -> None:
    """Every published table and column has a comment, so analysts need not guess."""
    with duckdb.connect(str(whole.published), read_only=True) as connection:
        undescribed = connection.execute(
            "select table_name, null from duckdb_tables() where coalesce(trim(comment), '') = ''"
            " union all select table_name, column_name from duckdb_columns()"
            " where not internal and coalesce(trim(comment), '') = ''"
        ).fetchall()
        described = connection.execute("select count(comment) from duckdb_columns() where not internal").fetchone()
    assert undescribed == []
    assert described is not None and described[0] > 200


def _texts(file: Path) -> Iterator[tuple[str, str]]:
    """Every distinct text of the published file, in lower case, with its mart and column."""
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns()"
            " where schema_name = 'marts' and data_type like '%VARCHAR%'"
        ).fetchall()
        for mart, column in columns:
            texts = connection.execute(
                f'select distinct lower(cast("{column}" as varchar)) from marts.{mart} where "{column}" is not null'
            ).fetchall()
            for (text,) in texts:
                yield f"{mart}.{column}", text


@pytest.mark.parametrize("kind", PERSONAL)
def test_nobody_is_named(whole: Whole, kind: str) -> None:
    """No published text names a person."""
    texts = list(_texts(whole.published))
    assert ("fct_orders.order_id", "public-1") in texts
    assert [(where, text) for where, text in texts if PERSONAL[kind] in text] == []


def test_address_that_slipped_into_a_link_does_not_stop_the_build(whole: Whole) -> None:
    """An address in a link (`utm_campaign=mai@…`) does not stop the build."""
    assert whole.ended == "exit 0\n"


@pytest.mark.parametrize("kind", ["UTM values and reasons", "free text", "other columns"])
def test_address_that_slipped_into_another_column_is_masked(whole: Whole, kind: str) -> None:
    """An address in a link or a reason is masked in all marts."""
    columns_of_kind: dict[str, Callable[[str], bool]] = {
        "UTM values and reasons": lambda column: column in UTM_AND_REASONS,
        "free text": lambda column: column in FREE_TEXT,
        "other columns": lambda column: column not in UTM_AND_REASONS | FREE_TEXT,
    }
    is_of_kind = columns_of_kind[kind]
    assert [leak for leak in sorted(whole.leaks) if is_of_kind(leak[0].split(".")[1])] == []


@pytest.mark.parametrize("file", ["of all marts", "published again"])
def test_nobody_is_in_the_bytes_of_the_file(history: History, whole: Whole, file: str) -> None:
    """No personal data is in the bytes of the published file, also not in blocks of deleted rows."""
    content = (whole.published if file == "of all marts" else history.small_again).read_bytes().lower()
    # finding a text of the marts shows that the file can be searched
    assert b"public-1" in content
    assert [kind for kind, text in PERSONAL.items() if text.encode() in content] == []


def test_older_client_reads_the_published_file(whole: Whole) -> None:
    """DuckDB 1.4 can open the published file, because BI tools bundle older versions."""
    candidates = [shutil.which("uv"), str(PROJECT / ".venv-uv" / "bin" / "uv")]
    uv = next((uv for uv in candidates if uv and Path(uv).is_file()), None)
    if uv is None:
        pytest.skip("no uv here to fetch DuckDB 1.4 with: install uv, or run scripts/test once")
    script = (
        "import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=True);"
        " print(duckdb.__version__, c.sql('select build_id from marts.build_info').fetchone()[0]);"
        " [c.sql(f'from marts.{t}').fetchall() for t, in c.sql('select table_name from duckdb_tables()').fetchall()]"
    )
    options = ["--no-project", "--isolated", "--python", sys.executable, "--with", "duckdb==1.4.*"]
    done = subprocess.run(
        [uv, "run", *options, "python", "-c", script, str(whole.published)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    version, build_id = done.stdout.split()
    assert version.startswith("1.4.")
    assert build_id == _build_id(whole.published)


CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium adds this lane")
def test_data_docs_open_in_a_browser(history: History, tmp_path: Path) -> None:
    """The data docs show their tables without internet access."""
    pages = history.out / "data_docs"
    index = _text_of(pages / "index.html", tmp_path)
    assert "expectations on" in index
    assert "marts.audit_reconciliation" in index
    table = _text_of(pages / "marts.audit_reconciliation.html", tmp_path)
    assert "no main table is quarantined as a whole" in table


def _text_of(page: Path, profile: Path) -> str:
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile / 'chromium'}",
        "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout
