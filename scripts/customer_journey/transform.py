"""The dbt step: one `dbt build` of the project against the private warehouse of an output folder."""

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from customer_journey.checks.result import CheckResult
from customer_journey.errors import BuildError, MachineError, exhausted_resource
from customer_journey.paths import PROJECT, Output

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.base_types import EventMsg

OnProgress = Callable[[str, int, int], None]

_PARSED_PROJECTS = PROJECT / "target" / "builds"
_PARSED_PROJECT = "partial_parse.msgpack"
# unit tests check the models, not the company's rows: scripts/test runs them
_BUILD = ("build", "--exclude-resource-type", "unit_test")
# from this size of the warehouse on (bytes), dbt runs one statement at a time: two that sort, or keep the values of
# medians, would share the memory limit and write to disk what does not fit. DuckDB uses all processors for one
_LARGE = 500_000_000
# the error line comes from the result; everything else, which may hold values of rows, goes to dbt's log only
_SILENT = ("--log-level", "none")
# The heading of a dbt error message.
_HEADING = re.compile(r"\A\w+ Error in \w+ \S+ \([^)]*\)\n")


class _PlainTexts(dict[str, str]):
    """What dbt renders from texts without Jinja: the texts themselves."""

    def __contains__(self, text: object) -> bool:
        return True

    def __missing__(self, text: str) -> str:
        return text


@dataclass(frozen=True)
class Failure:
    """A failed node, its file, and the problems, one text each."""

    node: str
    file: str
    problems: Sequence[str]

    def __str__(self) -> str:
        where = f" ({self.file})" if self.node.startswith("model.") else ""
        return f"{self.node}{where}: {'; '.join(self.problems)}"


@dataclass
class TransformResult:
    """The result of a dbt run: test results, failures, durations, and the models of the manifest."""

    checks: list[CheckResult] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    node_seconds: dict[str, float] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)

    def add(self, other: "TransformResult") -> None:
        """Add the result of a later dbt run of the same build."""
        self.checks += other.checks
        self.failures += other.failures
        self.node_seconds |= other.node_seconds
        self.nodes |= other.nodes


class Project:
    """The dbt project for one build of an output folder: parsed once, then run several times."""

    def __init__(self, output: Output, full_refresh: bool) -> None:
        self._output = output
        self._options = ["--full-refresh"] if full_refresh else []
        self._manifests: dict[str, Manifest] = {}

    def build(
        self,
        target: str,
        on_progress: OnProgress,
        *,
        select: Sequence[str] = (),
        exclude: Sequence[str] = (),
        without: Sequence[str] = (),
        only: Sequence[str] = (),
        writes_results: bool = False,
    ) -> TransformResult:
        """Run `dbt build` on a target of the profile.

        `select` and `exclude` are dbt's: a test of both a selected node and an excluded one runs with the selected
        one. `without` leaves models out whose tests run all the same, since they are built; `only` names the types of
        resources to build. With `writes_results` the target's folder gets the manifest and the results of this run.

        `on_progress` gets the node that starts, its number and how many there are.

        Raises:
            BuildError: dbt could not start (a model does not compile, for example).
        """
        arguments = [*self._options]
        for resource_type in only:
            arguments += ["--resource-type", resource_type]
        if without:
            # so that the tests of excluded models still run
            arguments += ["--indirect-selection", "empty"]
        for option, selectors in (("--select", select), ("--exclude", [*exclude, *without])):
            if selectors:
                arguments += [option, *selectors]
        if not writes_results:
            arguments += ["--no-write-json"]
        if target not in self._manifests:
            self._manifests[target] = parse(self._output, target)
        manifest = self._manifests[target]
        return _read_results(_run_dbt([*_BUILD, *arguments], self._output, target, on_progress, manifest))


def parse(output: Output, target: str) -> "Manifest":
    """Read the project without building anything.

    Raises:
        BuildError: a file is not valid SQL, Jinja or YAML, or refers to something that does not exist.
    """
    # the manifest that is kept is that of the run, which has the compiled SQL
    parsed = _run_dbt(["parse", "--no-write-json"], output, target)
    manifest: Manifest = parsed.result  # type: ignore[assignment]
    return manifest


def build_nodes(
    output: Output, target: str, manifest: "Manifest", nodes: Sequence[str], on_progress: OnProgress
) -> TransformResult:
    """Run `dbt build` for the nodes with these unique ids only, of a project that `parse` has read.

    dbt prints nothing on the console: failures are in the result.
    """
    # a run caches settings in the graph (macros/settings.sql); they must not be used for another warehouse
    manifest.build_flat_graph()
    # run a test only if it is named itself
    chosen = [f"fqn:{'.'.join(manifest.nodes[node].fqn)}" for node in nodes]
    arguments = ["--indirect-selection", "empty", "--select", *chosen]
    return _read_results(_run_dbt([*_BUILD, *arguments], output, target, on_progress, manifest))


def _run_dbt(
    arguments: Sequence[str],
    output: Output,
    target: str,
    on_progress: OnProgress | None = None,
    manifest: "Manifest | None" = None,
) -> "dbtRunnerResult":
    # dbt takes seconds to import; errors in the input should be reported before that
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.clients import jinja
    from dbt_common.events import event_manager_client

    from customer_journey.dbt_events import EventsOfNote

    event_manager_client.ctx_set_event_manager(EventsOfNote())
    # dbt renders each of the 800 arguments of tests in a template of its own, some 2 ms each, unless this cache has it
    jinja._render_cache = _PlainTexts()
    # Paths are relative to the folder that dbt runs in, so that all output folders can share one parsed project.
    os.environ["JOURNEY_WAREHOUSE"] = output.warehouse.name
    os.environ["JOURNEY_OUT"] = "."
    folder = output.dbt_folder(target)
    parsed_project = _PARSED_PROJECTS / target / _PARSED_PROJECT
    _take_parsed_project(parsed_project, folder)
    is_large = target == "duckdb" and output.warehouse.exists() and output.warehouse.stat().st_size > _LARGE
    threads = ["--threads", "1"] if is_large else []

    # the broken rules that a test logs (macros/broken_rules.sql): dbt's own message holds only their number
    broken_rules: dict[str, list[str]] = {}

    def report(event: "EventMsg") -> None:
        if on_progress is not None and event.info.name == "LogStartLine":
            on_progress(event.data.description, event.data.index, event.data.total)
        if event.info.name == "JinjaLogInfo":
            broken_rules.setdefault(event.data.node_info.unique_id, []).append(event.data.msg)

    # dbt would go on with a connection that other code of this process left open, even to another folder's warehouse,
    # whose relative path is the same
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    try:
        with contextlib.chdir(output.root):
            result = dbtRunner(manifest, callbacks=[report]).invoke([
                "--no-send-anonymous-usage-stats", *_SILENT, "--no-use-colors", "--log-level-file", "info",
                "--log-path", str(output.logs), *arguments, "--project-dir", str(PROJECT),
                "--profiles-dir", str(PROJECT), "--target-path", str(folder), "--target", target, *threads,
            ])  # fmt: skip
    finally:
        # dbt keeps its connection until the process ends; the steps that follow open the warehouse themselves.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if result.exception is not None or result.result is None:
        lines = [line.strip() for line in str(result.exception).splitlines() if line.strip()]
        if gave_out := exhausted_resource(result.exception):
            raise MachineError(f"{gave_out}. Nothing was published; the marts published last are unchanged.")
        raise BuildError(f"dbt: {' '.join(lines[:4])}")
    for item in getattr(result.result, "results", ()):
        if item.node.unique_id in broken_rules:
            item.message = "; ".join(broken_rules[item.node.unique_id])
    if manifest is None:
        _leave_parsed_project(folder, parsed_project)
    return result


def _take_parsed_project(parsed_project: Path, folder: Path) -> None:
    """Copy the parsed project of another build to a new output folder, because parsing takes seconds."""
    own = folder / _PARSED_PROJECT
    if parsed_project.is_file() and not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(parsed_project, own)


def _leave_parsed_project(folder: Path, parsed_project: Path) -> None:
    # an installed project may be another user's
    if not os.access(PROJECT, os.W_OK):
        return
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
            problems = _problems_of(item.message, node.resource_type == "test")
            transformed.failures.append(Failure(name, node.original_file_path, problems))
    return transformed


def _problems_of(message: str | None, is_test: bool) -> list[str]:
    # drop dbt's call stack; its log has the whole message
    text = re.split(r"\n?\s*> (?:in macro|called by)", message or "")[0]
    has_heading = _HEADING.match(text) is not None
    lines = [line.strip() for line in _HEADING.sub("", text).splitlines() if line.strip()]
    # the error of a test has one problem per line; an engine's error for a model is one problem on several lines
    return lines if is_test and has_heading else [" ".join(lines)]


def _target_of(node: object) -> str:
    attached = getattr(node, "attached_node", None) or next(iter(node.depends_on.nodes), "")  # type: ignore[attr-defined]
    return str(attached).split(".")[-1]
