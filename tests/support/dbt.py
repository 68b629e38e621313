"""Runs plain dbt as an analyst does, in its own process."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from customer_journey.paths import PROJECT
from customer_journey.privacy.hash_key import ENVIRONMENT_VARIABLE
from customer_journey.warehouse import open_warehouse

from tests.support.forked import run_forked


def run_dbt(
    warehouse: Path | None,
    state: Path,
    *arguments: str,
    project: Path = PROJECT,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run dbt on a warehouse (None: that of the profile), with compiled files and logs under `state`."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "JOURNEY_")) or name == ENVIRONMENT_VARIABLE
    }
    environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    if warehouse is not None:
        # relative, as in a build: with another path in the profile, dbt would parse the whole project again
        environment |= {"JOURNEY_WAREHOUSE": warehouse.name, "JOURNEY_OUT": "."}
        cwd = cwd or warehouse.parent
    _start_parsed(project, state)
    options = [
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(state / "target"), "--log-path", str(state / "logs")),
    ]
    return run_forked("dbt", ["--no-use-colors", *arguments, *options], environment, cwd)


def change_setting(warehouse: Path, name: str, value: object) -> None:
    """Change a setting of the last build in the warehouse; with `--vars` dbt would parse the whole project again."""
    with open_warehouse(warehouse) as connection:
        connection.execute("delete from private.settings where name = ?", [name])
        connection.execute("insert into private.settings values (?, ?)", [name, json.dumps(value)])


def must_pass(done: subprocess.CompletedProcess[str]) -> str:
    """Return the output of dbt, which must have succeeded."""
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def statuses(state: Path) -> Mapping[str, str]:
    """Return the status of each node of the last run, by its short name."""
    document: dict[str, Any] = json.loads((state / "target" / "run_results.json").read_text(encoding="utf-8"))
    ended = {}
    for result in document["results"]:
        kind, _, *names = result["unique_id"].split(".")
        # a unit test's id ends with its model and name, a generic test's with a hash
        ended[names[1] if kind == "unit_test" else names[0]] = result["status"]
    return ended


def _start_parsed(project: Path, state: Path) -> None:
    """Copy the parse result of the project's last build to a new state folder, which saves seconds."""
    parsed = project / "target" / "builds" / "duckdb" / "partial_parse.msgpack"
    own = state / "target" / parsed.name
    if parsed.is_file() and not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(parsed, own)
