"""A build is skipped if nothing is new, and not skipped if anything changed that the published marts depend on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from customer_journey import nothing_new
from customer_journey.landing.land import land
from customer_journey.paths import PROJECT, Output
from customer_journey.privacy import erasure
from customer_journey.settings import read_settings, remember_settings
from customer_journey.warehouse import open_warehouse

from tests.build.conftest import SETTINGS, write_tiny_company
from tests.support.builds import run_build, write_rows, write_settings

BUILD_ID = "20260630T000000.000000Z"
HEAVY = ("dbt", "pyarrow", "great_expectations", "scipy", "pandas", "numpy")


@dataclass
class Company:
    """A raw folder, a small stand-in for this project, and an output folder as a published build leaves it."""

    raw: Path
    output: Output
    project: Path

    def is_unchanged(self, engine: str = "duckdb", as_of: str | None = None) -> bool:
        """Return whether a build would find nothing new."""
        settings = read_settings(self.raw, as_of, datetime.now(UTC))
        origin = nothing_new.origin_of(engine, settings, None, self.project)
        return nothing_new.unchanged(self.output, origin, settings, self.raw, None) is not None


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """The tiny company, landed, with the record of a published build. No model is built."""
    made = Company(tmp_path / "raw", Output(tmp_path / "out"), tmp_path / "project")
    write_tiny_company(made.raw)
    made.output.root.mkdir()
    for file in ("models/stages/lead.sql", "seeds/channel_rules.csv", "dbt_project.yml", "expectations/marts/core.yml"):
        (made.project / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / file, made.project / file) if (PROJECT / file).exists() else (
            made.project / file
        ).write_text("tables: {}\n", encoding="utf-8")
    settings = read_settings(made.raw, None, datetime.now(UTC))
    origin = nothing_new.origin_of("duckdb", settings, None, made.project)
    with open_warehouse(made.output.warehouse) as connection:
        erasure.prepare(connection)
        landing = land(connection, made.raw, lambda table, share: None)
        remember_settings(connection, settings)
        rows = nothing_new.rows_of(connection, None)
    _publish(made.output, BUILD_ID)
    nothing_new.remember(made.output, BUILD_ID, origin, rows, landing.files)
    return made


def _publish(output: Output, build_id: str) -> None:
    output.published.unlink(missing_ok=True)
    with duckdb.connect(str(output.published)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.build_info as select ? as build_id", [build_id])


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def _same_size(company: Company) -> None:
    file = company.raw / "orders" / "orders.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("100.10", "100.20"), encoding="utf-8")


def _same_size_and_modification_time(company: Company) -> None:
    file = company.raw / "orders" / "orders.csv"
    before = file.stat()
    _same_size(company)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def _told_by_plain_dbt(company: Company) -> None:
    with open_warehouse(company.output.warehouse) as connection:
        connection.execute("insert into private.settings values ('lapse_days', '30')")


def _not_json(company: Company) -> None:
    company.output.built_from.write_text("{", encoding="utf-8")


def _erasure_request(company: Company) -> None:
    request = {"request_id": "r1", "identifier_type": "email", "identifier_value": "mai@example.com"}
    write_rows(company.raw, "privacy/erasure_requests", [{**request, "requested_at": "2026-01-01"}])


NEWS: dict[str, Callable[[Company], object]] = {
    "a row changed": _same_size,
    "a row changed by a tool that keeps times": _same_size_and_modification_time,
    "a file more": lambda it: write_rows(it.raw, "crm/contacts", [{"contact_id": "9"}], part="more"),
    "a file of another table": lambda it: write_rows(it.raw, "crm/tickets", []),
    "somebody asks to be erased": _erasure_request,
    "a file gone": lambda it: (it.raw / "web" / "events.csv").unlink(),
    "the raw folder gone": lambda it: shutil.move(it.raw / "crm", it.raw / "no source"),
    "a setting": lambda it: write_settings(it.raw, {**SETTINGS, "lapse_days": 30}),
    "an as-of": lambda it: write_settings(it.raw, {**SETTINGS, "as_of": "2026-07-01T00:00:00Z"}),
    "now": lambda it: write_settings(it.raw, {"reporting_timezone": "Asia/Ho_Chi_Minh"}),
    "a model": lambda it: _append(it.project / "models" / "stages" / "lead.sql", "-- another word\n"),
    "a new model": lambda it: (it.project / "models" / "stages" / "new.sql").write_text("select 1", encoding="utf-8"),
    "a seed": lambda it: _append(it.project / "seeds" / "channel_rules.csv", "\n"),
    "an expectation": lambda it: _append(it.project / "expectations" / "marts" / "core.yml", "\n"),
    "a default of a setting": lambda it: _append(it.project / "dbt_project.yml", "\n"),
    "the published file gone": lambda it: it.output.published.unlink(),
    "the published file of another build": lambda it: _publish(it.output, "20260701T000000.000000Z"),
    "the published file damaged": lambda it: it.output.published.write_bytes(b"no file of DuckDB"),
    "the warehouse gone": lambda it: it.output.warehouse.unlink(),
    "a setting that plain dbt was told": _told_by_plain_dbt,
    "the last build failed or was killed": lambda it: nothing_new.forget(it.output),
    "a note that is not whole": _not_json,
}


def test_nothing_is_new(company: Company) -> None:
    """Without a change the build is skipped, so that starting it twice costs seconds."""
    assert company.is_unchanged()
    # under another name, and rewritten with the same content
    moved = company.raw.rename(company.raw.with_name("mounted elsewhere"))
    file = moved / "crm" / "contacts.csv"
    file.write_bytes(file.read_bytes())
    assert Company(moved, company.output, company.project).is_unchanged()


@pytest.mark.parametrize("change", NEWS.values(), ids=NEWS)
def test_something_is_new(change: Callable[[Company], object], company: Company) -> None:
    """A change of rows, rules or settings causes a build; otherwise old marts would be taken for new ones."""
    change(company)
    assert not company.is_unchanged()


def test_another_engine_key_or_moment(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another engine, hash key or as-of causes a build; a leaked key's hashes must not stay published."""
    assert not company.is_unchanged(engine="spark")
    assert not company.is_unchanged(as_of="2026-06-29T00:00:00Z")
    monkeypatch.setenv("JOURNEY_HASH_KEY", "another key")
    assert not company.is_unchanged()


def test_key_is_not_kept(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of the build does not contain the hash key, with which anybody could undo the hashes."""
    monkeypatch.setenv("JOURNEY_HASH_KEY", "a very secret key")
    nothing_new.remember(company.output, BUILD_ID, {}, "rows", [])
    note = company.output.built_from.read_text(encoding="utf-8")
    assert "secret" not in note
    other = json.loads(note)["hash_key"]
    nothing_new.remember(company.output, "20260701T000000.000000Z", {}, "rows", [])
    assert json.loads(company.output.built_from.read_text(encoding="utf-8"))["hash_key"] != other


def test_rows_of_an_el_tool(tmp_path: Path) -> None:
    """Changed rows in an EL tool's schema are noticed although no file time changes."""
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("create schema hubspot")
        connection.execute("create table hubspot.contacts as select '1' as contact_id, 'mai' as full_name")
        schemas = {"crm": "hubspot"}
        first = nothing_new.rows_of(connection, schemas)
        assert first is not None and nothing_new.rows_of(connection, schemas) == first
        connection.execute("update hubspot.contacts set full_name = 'lan'")
        second = nothing_new.rows_of(connection, schemas)
        connection.execute("insert into hubspot.contacts from hubspot.contacts")
        third = nothing_new.rows_of(connection, schemas)
        connection.execute("create table hubspot.tickets as select '1' as ticket_id limit 0")
        assert len({first, second, third, nothing_new.rows_of(connection, schemas)}) == 4
        # a catalog other than that of the warehouse is not examined here
        assert nothing_new.rows_of(connection, {"crm": "elsewhere"}) is None


def test_nothing_heavy_is_loaded(company: Company) -> None:
    """The check loads neither dbt nor Great Expectations, which would take longer than the check itself."""
    script = (
        "import sys; import customer_journey.cli, customer_journey.build, customer_journey.summary; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(HEAVY) & set(done.stdout.split()) == set()
    # a held lock is reported before rows are judged
    assert run_build(company.raw / "no folder", company.output.root).returncode == 2
