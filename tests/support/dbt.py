"""Running plain dbt, as an analyst does, in a process of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from customer_journey.hash_key import ENVIRONMENT_VARIABLE
from customer_journey.paths import PROJECT

from tests.support.forked import run_forked

WAREHOUSE_VARIABLE = "JOURNEY_WAREHOUSE"


def run_dbt(
    warehouse: Path | None,
    state: Path,
    *arguments: str,
    project: Path = PROJECT,
    cwd: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run dbt on a warehouse (None: wherever the profile says) with what it compiles and logs under `state`."""
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
    return run_forked("dbt", ["--no-use-colors", *arguments, *options], environment, cwd)


def must_pass(done: subprocess.CompletedProcess[str]) -> str:
    """Return what dbt said, which must have ended well."""
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def statuses(state: Path) -> Mapping[str, str]:
    """Return how each node of the last run ended, by its short name."""
    document: dict[str, Any] = json.loads((state / "target" / "run_results.json").read_text(encoding="utf-8"))
    ended = {}
    for result in document["results"]:
        kind, _, *names = result["unique_id"].split(".")
        # a unit test stands behind its model's name, a generic test before its hash
        ended[names[1] if kind == "unit_test" else names[0]] = result["status"]
    return ended


def start_parsed(state: Path, parsed_by: Path) -> None:
    """Spare a new state folder the seconds of parsing: begin with what a build of the same project has parsed."""
    own = state / "target" / "partial_parse.msgpack"
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(parsed_by / "dbt" / "duckdb" / "partial_parse.msgpack", own)
