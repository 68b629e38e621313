"""The schedules of examples/schedules: all names in them exist, and Dagster runs the build as its assets."""

import importlib.util
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from customer_journey.cli import app
from customer_journey.paths import PROJECT

from tests.support.builds import FEW_FRAMEWORKS, write_required_tables, write_rows, write_settings
from tests.support.small_project import make_small_project

SCHEDULES = PROJECT / "examples" / "schedules"


def _options(command: str) -> set[str]:
    words = shlex.split(command.partition(">>")[0])
    (start,) = (position for position, word in enumerate(words) if word.endswith("scripts/build"))
    return {word for word in words[start:] if word.startswith("--")}


def test_their_commands_are_those_of_the_build() -> None:
    build = app.get_command(None, "build")  # type: ignore[arg-type]
    assert build is not None
    known = {name for option in build.params for name in option.opts}
    workflow = yaml.safe_load((SCHEDULES / "github_actions.yml").read_text(encoding="utf-8"))
    (command,) = (step["run"] for step in workflow["jobs"]["build"]["steps"] if step.get("name") == "Build")
    lines = [
        *(SCHEDULES / "crontab").read_text(encoding="utf-8").splitlines(),
        *(SCHEDULES / "systemd" / "customer-journey.service").read_text(encoding="utf-8").splitlines(),
        command,
    ]
    commands = [line for line in lines if "scripts/build" in line and not line.startswith("#")]
    assert len(commands) == 3
    assert all(_options(command) == {"--raw", "--out"} <= known for command in commands)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_reads_service_and_timer(tmp_path: Path) -> None:
    for file in (SCHEDULES / "systemd").iterdir():
        shutil.copy(file, tmp_path)
    units = [str(tmp_path / f"customer-journey.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    own = [line for line in done.stderr.splitlines() if "customer-journey" in line]
    assert (done.returncode, own) == (0, [])


def test_dagster_runs_the_build_and_shows_its_marts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs only if the large extra is installed: uv sync --extra dagster."""
    dagster = pytest.importorskip("dagster", reason="the extra dagster is not installed")
    project = make_small_project(tmp_path / "project")
    raw, out = tmp_path / "raw", tmp_path / "out"
    write_settings(raw, {"as_of": "2024-03-31T00:00:00Z", **FEW_FRAMEWORKS})
    write_rows(raw, "crm/contacts", [{"contact_id": "c", "created_at": "2024-03-01T00:00:00Z"}])
    write_required_tables(raw)
    for name, value in {
        "JOURNEY_PROJECT": project, "JOURNEY_RAW": raw, "JOURNEY_OUT": out, "DAGSTER_HOME": tmp_path / "dagster",
        "JOURNEY_BUILD": f"{sys.executable} -m customer_journey build",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, str(value))
    (tmp_path / "dagster").mkdir()
    spec = importlib.util.spec_from_file_location("schedules", SCHEDULES / "dagster" / "definitions.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    (schedule,) = module.defs.schedules
    assert schedule.cron_schedule == "30 3 * * *"
    instance = dagster.DagsterInstance.ephemeral()
    result = dagster.materialize([module.journey_build], instance=instance, raise_on_error=False)
    assert result.success
    made = {event.asset_key.path[-1] for event in result.get_asset_materialization_events()}
    assert {"fct_orders", "audit_reconciliation"} <= made
    assert all(check.passed for check in result.get_asset_check_evaluations())

    (raw / "crm" / "contacts.csv").write_text("name\nx\n", encoding="utf-8")
    failed = dagster.materialize([module.journey_build], instance=instance, raise_on_error=False)
    assert not failed.success
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    (event,) = [event for event in failed.all_events if event.is_step_failure]
    assert summary["error"] in str(event.event_specific_data)
