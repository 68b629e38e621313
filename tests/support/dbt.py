"""Runs plain dbt as an analyst does, in its own process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from customer_journey.hash_key import ENVIRONMENT_VARIABLE
from customer_journey.paths import PROJECT

DBT = Path(sys.executable).with_name("dbt")
WAREHOUSE_VARIABLE = "JOURNEY_WAREHOUSE"


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
        environment[WAREHOUSE_VARIABLE] = str(warehouse)
    options = [
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(state / "target"), "--log-path", str(state / "logs")),
    ]
    command = [str(DBT), "--no-use-colors", *arguments, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=cwd)


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


def start_parsed(state: Path, parsed_by: Path) -> None:
    """Copy the parse result of a build of the same project to a new state folder, which saves seconds."""
    own = state / "target" / "partial_parse.msgpack"
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(parsed_by / "dbt" / "duckdb" / "partial_parse.msgpack", own)
