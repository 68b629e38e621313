"""Simulates a week of nightly builds, with a broken file, a killed build, a truncated export and a changed definition.

It prints what an engineer sees after each night: the exit code, the lines on standard error, OUT/summary.json and the
messages that the webhook received. The table in docs/schedules.md comes from this output.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import duckdb
import yaml
from customer_journey.contract import RawTable, raw_tables
from customer_journey.paths import PROJECT
from demo_company import SEED, generate

# one night after each of the last seven complete days of the demo company
FIRST_DAY = date(2026, 6, 24)
NIGHTS = 7
# 3:30 in the demo company's reporting time zone, UTC+7
STARTS_AT = "20:30:00Z"
SETTINGS = {
    "reporting_timezone": "Asia/Ho_Chi_Minh",
    "reporting_currency": "VND",
    "currency_decimals": 0,
    "default_phone_country": "VN",
    "frameworks": ["adahub_crm", "adahub_lifecycle"],
}
# the definition that changes during the week: a lead goes cold after 60 days
DEFINITION, BEFORE, AFTER = "models/stages/lead.sql", "days=setting('lead_cold_days')", "days=60"
_COPIED = (
    "models", "macros", "seeds", "tests/dbt", "expectations", "adapters", "dbt_project.yml", "profiles.yml",
    "pyproject.toml", "uv.lock",
)  # fmt: skip


class Channel:
    """A chat channel to test the webhook with: a local HTTP server that keeps the messages it receives."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Log no requests."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class Company:
    """The demo company's exports as they arrive: one file with all earlier days, then one file per day."""

    def __init__(self, folder: Path, scale: float) -> None:
        self.raw = folder / "raw"
        self._whole = folder / "whole"
        generate(self._whole, scale=scale, seed=SEED)
        self.raw.mkdir()
        (self.raw / "vars.yml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
        for table in raw_tables():
            self._write(table, "before", f"< '{FIRST_DAY}'")

    def deliver(self, day: date, only: str | None = None, share: float = 1.0) -> None:
        """Write the files of a day: of all tables or only one, with all rows or only the first ones."""
        for table in raw_tables():
            if only in (None, table.label):
                self._write(table, str(day), f"= '{day}'", share)

    def file(self, label: str, day: date) -> Path:
        """Return the file of a table and a day."""
        return self.raw / label / f"{day}.parquet"

    def _write(self, table: RawTable, part: str, days: str, share: float = 1.0) -> None:
        source = self._read(table)
        if source is None:
            return
        time_column = _business_times().get(table.source_table)
        local = "true" if part == "before" else "false"
        if time_column is not None:
            # the day in the reporting time zone; rows without a readable time, which the demo has, go to the first file
            hours = 0 if time_column.endswith("_date") else 7
            moment = f'try_cast("{time_column}" as timestamp) + interval {hours} hour'
            local = f"coalesce(({moment})::date {days}, {local})"
        target = self.raw / table.label / f"{part}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            (count,) = connection.execute(f"select count(*) from {source} where {local}").fetchone() or (0,)
            if count:
                limit = max(1, int(count * share))
                connection.execute(
                    f"copy (select {_columns(connection, source)} from {source} where {local} limit {limit})"
                    f" to '{target}' (format parquet)"
                )

    def _read(self, table: RawTable) -> str | None:
        place = self._whole / table.label
        if place.is_dir():
            return f"read_parquet('{place}/*.parquet', union_by_name=true)"
        for ending, read in ((".parquet", "read_parquet('{}')"), (".csv", "read_csv('{}', all_varchar=true)")):
            file = place.with_name(f"{place.name}{ending}")
            if file.exists():
                return read.format(file)
        return None


def _columns(connection: duckdb.DuckDBPyConnection, source: str) -> str:
    """Select a table as it was exported on its day, without updated_at values of later days."""
    names = [row[0] for row in connection.execute(f"describe select * from {source}").fetchall()]
    if "updated_at" not in names:
        return "*"
    return f"* replace (case when try_cast(updated_at as timestamp) < '{FIRST_DAY}' then updated_at end as updated_at)"


def _business_times() -> dict[str, str]:
    times = {}
    for file in PROJECT.glob("models/staging/*/_*__sources.yml"):
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]:
            for table in source["tables"]:
                if "business_time" in table["config"]["meta"]:
                    times[f"{source['name']}.{table['name']}"] = table["config"]["meta"]["business_time"]
    return times


class Week:
    """Runs the nights one after the other on a copy of the project, so that its definitions can be changed."""

    def __init__(self, folder: Path, scale: float, project: Path | None) -> None:
        self.project = folder / "project"
        if project is None:
            for name in _COPIED:
                place, target = PROJECT / name, self.project / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if place.is_dir():
                    shutil.copytree(place, target)
                else:
                    shutil.copy(place, target)
        else:
            shutil.copytree(project, self.project)
        self.out = folder / "out"
        self.company = Company(folder, scale)
        self.channel = Channel()
        self.seen: list[dict[str, Any]] = []

    def build(self, night: int, what: str, kill_at: str | None = None) -> None:
        """Run the build of a night, kill it during a step if one is named, and print the results."""
        day = FIRST_DAY + timedelta(days=night - 1)
        posts = len(self.channel.posts)
        environment = {
            **os.environ, "JOURNEY_PROJECT": str(self.project), "JOURNEY_WEBHOOK_URL": self.channel.url,
        }  # fmt: skip
        command = [sys.executable, "-m", "customer_journey", "build", "--raw", str(self.company.raw), "--no-pages",
                   "--out", str(self.out), "--as-of", f"{day}T{STARTS_AT}"]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        if kill_at is not None:
            self._kill(process, kill_at)
        stdout, stderr = process.communicate()
        summary = json.loads((self.out / "summary.json").read_text(encoding="utf-8"))
        messages = [post["text"] for post in self.channel.posts[posts:]]
        changed = [line for line in stdout.splitlines() if line.startswith(("changed", "nothing is new"))]
        self.seen.append({"night": night, "what": what, "code": process.returncode, "stderr": stderr.strip(),
                          "summary": summary, "webhook": messages, "changed": changed})  # fmt: skip
        print(f"night {night}, after {day:%A} {day}: {what}")
        print(f"  exit code   {process.returncode}")
        for label, lines in (("stderr", stderr.strip().splitlines()), ("stdout", changed)):
            for line in lines:
                print(f"  {label:<11} {self._short(line)}")
        steps = ", ".join(f"{step['step']} {step['seconds'] or '…'}" for step in summary["steps"])
        print(f"  summary     status {summary['status']}, published {self.published()}, checks {summary['checks']}")
        print(f"  steps       {steps}")
        for text in messages:
            print("\n".join(f"  {'webhook' if number == 0 else '':<11} {self._short(line)}"
                            for number, line in enumerate(text.splitlines())))  # fmt: skip
        print(flush=True)

    def published(self) -> str:
        """Return the as-of of the published marts."""
        with duckdb.connect(str(self.out / "journey.duckdb"), read_only=True) as connection:
            (as_of,) = connection.execute("select as_of from marts.build_info").fetchone() or ("nothing",)
        return str(as_of)

    def _short(self, line: str) -> str:
        return line.replace(str(self.out), "OUT").replace(str(self.company.raw), "RAW").replace(str(self.project), ".")

    def _kill(self, process: "subprocess.Popen[str]", step: str) -> None:
        while process.poll() is None:
            try:
                summary = json.loads((self.out / "summary.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                summary = {}
            if summary.get("process_id") == process.pid and summary["steps"] and summary["steps"][-1]["step"] == step:
                time.sleep(1)
                process.send_signal(signal.SIGKILL)
                return
            time.sleep(0.05)


def run_week(folder: Path, scale: float, project: Path | None = None) -> Week:
    """Run the seven nights in a folder, with this project or the given one; return the recorded results."""
    week = Week(folder, scale, project)
    company = week.company
    day = {night: FIRST_DAY + timedelta(days=night - 1) for night in range(1, NIGHTS + 1)}

    company.deliver(day[1])
    week.build(1, "the first build")

    company.deliver(day[2])
    week.build(2, "a fresh day")

    company.deliver(day[3])
    broken = company.file("web/events", day[3])
    broken.write_bytes(broken.read_bytes()[:2000])
    week.build(3, "the file of web/events is cut off")
    company.deliver(day[3], "web/events")
    week.build(3, "the file is delivered again")

    company.deliver(day[4])
    week.build(4, "kill -9 while the models are built", kill_at="Models and tests")

    company.deliver(day[5])
    week.build(5, "a fresh day, after the killed build")

    company.deliver(day[6])
    company.deliver(day[6], "web/events", share=0.05)
    week.build(6, "the export of web/events broke off: one row in twenty came")

    company.deliver(day[6], "web/events")
    company.deliver(day[7])
    definition = week.project / DEFINITION
    if definition.exists():
        text = definition.read_text(encoding="utf-8")
        assert BEFORE in text, f"{DEFINITION} does not say {BEFORE}"
        definition.write_text(text.replace(BEFORE, AFTER), encoding="utf-8")
    week.build(7, "a fresh day, the rest of web/events, and a lead is one for 60 days")
    week.build(7, "started a second time")
    week.channel.close()
    return week


@click.command()
@click.option("--scale", type=float, default=0.2, show_default=True, help="Size of the demo company.")
@click.option("--keep", type=click.Path(path_type=Path), help="New folder that is kept. Default: a temporary one.")
def main(scale: float, keep: Path | None) -> None:
    """Simulate seven nights of builds of the demo company, and print what an engineer sees after each."""
    if keep is not None:
        keep.mkdir(parents=True)
        run_week(keep.resolve(), scale)
        return
    with tempfile.TemporaryDirectory(prefix="journey-week-") as folder:
        run_week(Path(folder), scale)


if __name__ == "__main__":
    main()
