"""The dbt step: one `dbt build` of the project against the private warehouse of an output folder."""

import contextlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customer_journey.checks.expectations import CheckResult
from customer_journey.errors import BuildError
from customer_journey.paths import PROJECT, Output

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt_common.events.base_types import EventMsg

_PARSED_PROJECTS = PROJECT / "target" / "builds"
_PARSED_PROJECT = "partial_parse.msgpack"


@dataclass
class TransformResult:
    """What dbt did: how each test ended, what failed, and the models as the manifest describes them."""

    checks: list[CheckResult] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    node_seconds: dict[str, float] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)


def transform(
    output: Output,
    target: str,
    full_refresh: bool,
    on_progress: Callable[[str, int, int], None],
    only: Sequence[str] = (),
) -> TransformResult:
    """Run `dbt build` on a target of the profile, or without tests just the models named in `only` with what they need.

    `on_progress` gets the node that starts, its number and how many there are.

    Raises:
        BuildError: dbt could not start (a model does not compile, for example).
    """
    # dbt takes seconds to load, which bad input should not wait for
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    # Paths are relative to the folder that dbt runs in: what dbt parses then is the same for every output folder.
    os.environ["JOURNEY_WAREHOUSE"] = output.warehouse.name
    os.environ["JOURNEY_OUT"] = "."
    folder = output.dbt_folder(target)
    parsed_project = _PARSED_PROJECTS / target / _PARSED_PROJECT
    _take_parsed_project(parsed_project, folder)
    arguments = [
        "--no-send-anonymous-usage-stats", "--quiet", "--no-use-colors", "--log-level-file", "info",
        "--log-path", str(output.logs), "build", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(folder), "--target", target,
        # unit tests judge the models, not the company's rows: scripts/test runs them
        "--exclude-resource-type", "unit_test",
    ]  # fmt: skip
    if full_refresh:
        arguments.append("--full-refresh")
    if only:
        arguments += [
            "--resource-type",
            "model",
            "--resource-type",
            "seed",
            "--select",
            *(f"+{model}" for model in only),
        ]

    def report(event: "EventMsg") -> None:
        if event.info.name == "LogStartLine":
            on_progress(event.data.description, event.data.index, event.data.total)

    try:
        with contextlib.chdir(output.root):
            result = dbtRunner(callbacks=[report]).invoke(arguments)
    finally:
        # dbt keeps its connection until the process ends; the steps that follow open the warehouse themselves.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if result.exception is not None or result.result is None:
        lines = [line.strip() for line in str(result.exception).splitlines() if line.strip()]
        raise BuildError(f"dbt: {' '.join(lines[:4])}")
    _leave_parsed_project(folder, parsed_project)
    return _read_results(result)


def _take_parsed_project(parsed_project: Path, folder: Path) -> None:
    """Parsing the whole project takes seconds: a new output folder starts from what another build has parsed."""
    own = folder / _PARSED_PROJECT
    if parsed_project.is_file() and not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(parsed_project, own)


def _leave_parsed_project(folder: Path, parsed_project: Path) -> None:
    parsed_project.parent.mkdir(parents=True, exist_ok=True)
    unfinished = parsed_project.with_suffix(f".{os.getpid()}")
    shutil.copyfile(folder / _PARSED_PROJECT, unfinished)
    os.replace(unfinished, parsed_project)


def _read_results(result: "dbtRunnerResult") -> TransformResult:
    transformed = TransformResult()
    for item in result.result.results:  # type: ignore[union-attr]
        node = item.node
        succeeded = str(item.status) in ("success", "pass", "warn")
        name = f"{node.resource_type}.{node.name}"
        transformed.node_seconds[name] = item.execution_time
        if node.resource_type in ("test", "unit_test"):
            transformed.checks.append(
                CheckResult(
                    name=node.name,
                    kind="dbt_test",
                    target=_target_of(node),
                    success=str(item.status) == "pass",
                    severity="warn" if str(item.status) == "warn" else "error",
                    failed_rows=item.failures,
                    seconds=item.execution_time,
                    detail="" if succeeded else str(item.message or item.status),
                )
            )
        else:
            transformed.nodes[node.name] = node
        if str(item.status) in ("error", "fail", "runtime error"):
            # the whole message, with dbt's call stack, is in its log
            message = " ".join(str(item.message or "").split(" > in macro")[0].split())
            transformed.failures.append(f"{name}: {message}")
    return transformed


def _target_of(node: object) -> str:
    attached = getattr(node, "attached_node", None) or next(iter(node.depends_on.nodes), "")  # type: ignore[attr-defined]
    return str(attached).split(".")[-1]
