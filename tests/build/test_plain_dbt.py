"""Plain dbt as an analyst runs it: no warnings, the numbers of the last build, remembered settings.

Repeating a build is tested on few marts; the absence of warnings on the whole project without landed rows.
"""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.comparison.compare import compare
from customer_journey.settings import default_settings, read_settings, remember_settings
from customer_journey.warehouse import open_warehouse

from tests.build.conftest import SETTINGS
from tests.support.builds import FEW_FRAMEWORKS, publish, write_rows, write_settings
from tests.support.dbt import must_pass, run_dbt, statuses

# how dbt's output names a deprecation or warning
WORDS_OF_WARNING = ("warning", "deprecat")


def _assert_no_warning(said: str) -> None:
    # "WARN=0" is a count, not a warning
    lines = [line for line in said.splitlines() if any(word in line.lower() for word in WORDS_OF_WARNING)]
    assert lines == []


def _settings_of(warehouse: Path) -> dict[str, Any]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select name, value from private.settings").fetchall()
    return {name: json.loads(value) for name, value in rows}


def _started_dates(warehouse: Path) -> list[str]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute("select distinct cast(started_date as varchar) from marts.fct_sessions").fetchall()
    return [row[0] for row in rows]


@pytest.fixture(scope="module")
def built_out(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a build with settings other than the defaults; one session is at 03:00 of the next day."""
    root = tmp_path_factory.mktemp("plain_dbt")
    write_settings(root / "raw", {**SETTINGS, "session_timeout_minutes": 90})
    # with the default timeout these would be two sessions
    events = [
        {"event_id": f"e{minute}", "anonymous_id": "c1", "event_name": "page_view"}
        | {"occurred_at": f"2026-01-03T20:{minute}:00Z"}
        for minute in ("00", "59")
    ]
    write_rows(root / "raw", "web/events", events)
    contact = {"contact_id": "1", "email": "mai@example.com", "created_at": "2026-01-01"}
    write_rows(root / "raw", "crm/contacts", [contact])
    order = {"order_id": "o1", "email": "mai@example.com", "anonymous_id": "c1", "status": "paid"}
    order |= {"ordered_at": "2026-01-15T08:02:00Z", "total_amount": "100.10"}
    # at any time of day, one of these time zones is in another day
    of_the_till = [
        {"order_id": f"till-{day}", "ordered_at": day, "status": "paid", "total_amount": "5"}
        for day in ("2026-06-29", "2026-07-01")
    ]
    write_rows(root / "raw", "orders/orders", [order, *of_the_till])
    publish(root / "raw", root / "out", project=small)
    return root / "out"


@pytest.fixture
def warehouse(built_out: Path, tmp_path: Path) -> Path:
    """A copy of the built warehouse."""
    return Path(shutil.copyfile(built_out / "warehouse.duckdb", tmp_path / "warehouse.duckdb"))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which dbt keeps compiled files and logs."""
    return tmp_path_factory.mktemp("dbt_state")


def test_plain_build_repeats_the_last_build(built_out: Path, warehouse: Path, small: Path, state: Path) -> None:
    """`dbt build` gives the published numbers: same as-of and time zone as the last build."""
    before = _settings_of(warehouse)

    said = must_pass(run_dbt(warehouse, state, "--warn-error", "build", project=small))

    _assert_no_warning(said)
    assert set(statuses(state).values()) <= {"success", "pass"}
    assert compare(built_out / "journey.duckdb", warehouse)[1] == []
    assert _settings_of(warehouse) == before
    # with the default settings the marts would differ
    assert _started_dates(warehouse) == ["2026-01-04"]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        events = connection.execute("select event_count from marts.fct_sessions").fetchall()
        before_and_after_as_of = connection.execute(
            "select accepted, deferred from marts.audit_reconciliation where source_table = 'orders.orders'"
        ).fetchall()
    assert events == [(2,)]
    assert before_and_after_as_of == [(2, 1)]


def test_var_is_remembered_before_the_last_build_and_the_defaults(
    warehouse: Path, small: Path, tmp_path: Path, state: Path
) -> None:
    """A var that an analyst sets is remembered for the next run; otherwise one command would give two numbers."""
    given = json.dumps({"reporting_timezone": "UTC", "lapse_days": 30})

    model = ("--select", "fct_sessions")
    must_pass(run_dbt(warehouse, tmp_path / "state", "run", *model, "--vars", given, project=small))
    assert _started_dates(warehouse) == ["2026-01-03"]
    assert _settings_of(warehouse) == {
        "as_of": "2026-06-30T00:00:00+00:00",
        "lapse_days": 30,
        "reporting_timezone": "UTC",
        "session_timeout_minutes": 90,
        **FEW_FRAMEWORKS,
    }

    must_pass(run_dbt(warehouse, state, "run", *model, project=small))
    assert _started_dates(warehouse) == ["2026-01-03"]
    assert default_settings()["lapse_days"] != 30


def test_next_build_of_the_script_forgets_what_dbt_was_told(built_out: Path, warehouse: Path) -> None:
    """The next scripts/build ignores vars from plain dbt, since vars.yml shows nothing of them."""
    told = _settings_of(warehouse)
    with open_warehouse(warehouse) as connection:
        connection.execute("insert into private.settings values ('lapse_days', '30')")
        connection.execute("update private.settings set value = '\"UTC\"' where name = 'reporting_timezone'")
        remember_settings(connection, read_settings(built_out.parent / "raw", None, datetime.now(UTC)))
    assert _settings_of(warehouse) == told


# On a new machine


def test_fresh_clone_needs_no_folder_made_by_hand(small: Path, tmp_path: Path) -> None:
    """dbt runs in a fresh clone, where the folder `out` does not exist yet."""
    done = run_dbt(None, tmp_path, "seed", "--select", "order_status_map", project=small, cwd=tmp_path)
    assert "Traceback" not in done.stdout
    must_pass(done)


@pytest.fixture(scope="module")
def nothing_landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of a `dbt build` of the whole project before any row was landed.

    The project is parsed anew, so that a deprecation shows as a warning now, before it becomes an error. Unit tests run
    in tests/dbt_models, since they need no empty warehouse.
    """
    folder = tmp_path_factory.mktemp("nothing_landed")
    options = ("--warn-error", "build", "--no-partial-parse", "--exclude-resource-type", "unit_test")
    _assert_no_warning(must_pass(run_dbt(folder / "warehouse.duckdb", folder, *options)))
    return folder


def test_plain_build_where_nothing_was_landed(nothing_landed: Path) -> None:
    """All models build without landed rows, as in continuous integration or before the first data."""
    # no-op: exposures and saved queries are not built
    assert set(statuses(nothing_landed).values()) <= {"success", "pass", "no-op"}
    with duckdb.connect(str(nothing_landed / "warehouse.duckdb"), read_only=True) as connection:
        counts = connection.execute("select count(*), sum(rows_in) from marts.audit_reconciliation").fetchone()
        orders = connection.execute("select count(*) from marts.fct_orders").fetchone()
    assert counts == (28, 0)
    assert orders == (0,)


def test_docs_are_generated(nothing_landed: Path) -> None:
    """The documentation has a page for every mart, with its columns."""
    must_pass(run_dbt(nothing_landed / "warehouse.duckdb", nothing_landed, "--warn-error", "docs", "generate"))
    target = nothing_landed / "target"
    catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    models = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    marts = {name for name, node in models.items() if node["schema"] == "marts"}
    assert len(marts) > 20
    assert marts <= set(catalog["nodes"])
    assert (target / "index.html").is_file()
    undescribed = [name for name in models if not models[name]["description"]]
    assert undescribed == []
