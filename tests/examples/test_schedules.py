"""The schedules of examples/schedules: each runs the build and hears how it went, Dagster with marts as its assets."""

import importlib.util
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from customer_journey.cli import app
from customer_journey.paths import PROJECT
from tools.week import Channel

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


def _crontab() -> list[str]:
    """Return the commands of the crontab, without the five fields of the time."""
    lines = (SCHEDULES / "crontab").read_text(encoding="utf-8").splitlines()
    return [line.split(maxsplit=5)[5] for line in lines if line[:1].isdigit()]


def _here(command: str, folder: Path) -> str:
    """Return a command with the paths of a test, and without the set-up of `scripts/build`."""
    python = f"{sys.executable} -m customer_journey"
    for place, here in {
        "/bin/bash /srv/customer_journey/scripts/build": f"{python} build", "scripts/build": f"{python} build",
        ".venv/bin/journey": python, "/etc/customer_journey.env": str(folder / "env"),
        "/srv/customer_journey": str(PROJECT), "/data": str(folder),
    }.items():  # fmt: skip
        command = command.replace(place, here)
    return command


def _run(script: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script with almost no environment, as schedulers do."""
    return subprocess.run(
        ["/bin/bash", *options, "-c", script],
        cwd="/",
        env={"HOME": "/", "PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _as_cron_runs(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return _run(_here(command, folder))


def _cron_builds(folder: Path) -> subprocess.CompletedProcess[str]:
    (build,) = [command for command in _crontab() if "scripts/build" in command]
    return _as_cron_runs(build, folder)


def _systemd_builds(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the service's command with the variables of its environment file, whose quotation marks systemd removes."""
    text = (SCHEDULES / "systemd" / "customer-journey.service").read_text(encoding="utf-8")
    (command,) = [line.removeprefix("ExecStart=") for line in text.splitlines() if line.startswith("ExecStart=")]
    variables = dict(word.split("=", 1) for word in shlex.split((folder / "env").read_text(encoding="utf-8")))
    return _run(f"cd {PROJECT} && exec {_here(command, folder)}", **variables)


def _github_builds(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the steps as a runner does: with `bash -e`, the second also after a failure, which stays that of the job."""
    workflow = yaml.safe_load((SCHEDULES / "github_actions.yml").read_text(encoding="utf-8"))
    build, report = (step for step in workflow["jobs"]["build"]["steps"] if "run" in step)
    variables = dict(word.split("=", 1) for word in shlex.split((folder / "env").read_text(encoding="utf-8")))
    # a secret that is not set is an empty variable
    done = _run(
        f"cd {PROJECT}\n{_here(build['run'], folder)}", "-e", **{**dict.fromkeys(build["env"], ""), **variables}
    )
    shown = folder / "step_summary.md"
    reported = _run(_here(report["run"], folder), "-e", GITHUB_STEP_SUMMARY=str(shown))
    assert (reported.returncode, reported.stderr) == (0, "")
    summary = json.loads((folder / "journey" / "summary.json").read_text(encoding="utf-8"))
    assert shown.read_text(encoding="utf-8").splitlines()[:2] == [
        f"**{summary['status']}** (exit code {summary['exit_code']}), as of {summary['as_of']}",
        f"- {summary['error']}",
    ]
    return done


@pytest.mark.parametrize("builds", [_cron_builds, _systemd_builds, _github_builds])
def test_each_scheduler_runs_the_build_and_hears_of_its_failure(
    tmp_path: Path, builds: Callable[[Path], subprocess.CompletedProcess[str]]
) -> None:
    """A night with a broken export: the exit code, the summary and the message name it, whoever started the build."""
    channel = Channel()
    (tmp_path / "env").write_text(f"JOURNEY_WEBHOOK_URL='{channel.url}?a=1&sig=b%2Fc'\n", encoding="utf-8")
    (tmp_path / "journey").mkdir()
    (tmp_path / "raw" / "crm").mkdir(parents=True)
    (tmp_path / "raw" / "crm" / "contacts.csv").write_text("name\nx\n", encoding="utf-8")
    done = builds(tmp_path)
    channel.close()
    assert done.returncode == 2, done.stderr
    summary = json.loads((tmp_path / "journey" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["status"], summary["exit_code"]) == ("unusable_input", 2)
    lacks = "table crm/contacts lacks the required column contact_id"
    (post,) = channel.posts
    assert lacks in summary["error"]
    assert lacks in post["text"]


def test_cron_logs_what_the_shell_says(tmp_path: Path) -> None:
    """Errors of the shell are logged; with MAILTO="" they would otherwise be lost."""
    (tmp_path / "journey").mkdir()
    for command in _crontab():
        done = _as_cron_runs(command, tmp_path)
        assert (done.returncode != 0, done.stdout, done.stderr) == (True, "", "")
        log = tmp_path / "journey" / "cron.log"
        assert f"{tmp_path / 'env'}: No such file or directory" in log.read_text(encoding="utf-8")
        log.unlink()


def test_cron_watches_the_build(tmp_path: Path) -> None:
    """The webhook's address reaches the command whole, with the characters that addresses of Teams and Google have."""
    channel = Channel()
    (tmp_path / "env").write_text(f"JOURNEY_WEBHOOK_URL='{channel.url}?a=1&sig=b%2Fc'\n", encoding="utf-8")
    (tmp_path / "journey").mkdir()
    (watch,) = [command for command in _crontab() if " watch " in command]
    assert _as_cron_runs(watch, tmp_path).returncode == 1
    channel.close()
    (post,) = channel.posts
    log = (tmp_path / "journey" / "cron.log").read_text(encoding="utf-8")
    assert log.removeprefix("error: ") == post["text"].removeprefix("customer_journey: ") + "\n"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_reads_service_and_timer(tmp_path: Path) -> None:
    for file in (SCHEDULES / "systemd").iterdir():
        shutil.copy(file, tmp_path)
    units = sorted(map(str, tmp_path.iterdir()))
    assert len(units) == 4
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    own = [line for line in done.stderr.splitlines() if "customer-journey" in line]
    assert (done.returncode, own) == (0, [])


def test_dagster_runs_the_build_and_shows_its_marts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Needs the extra dagster, which `scripts/test` without arguments installs."""
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
