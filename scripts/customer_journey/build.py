"""The main job, step by step: land, transform, check, publish."""

import atexit
import importlib
import multiprocessing
import multiprocessing.connection
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import filelock

from customer_journey import audit, demo_company, erasure
from customer_journey.checks.expectations import CheckResult, run_expectations
from customer_journey.errors import CheckFailedError, InputError, LockedError
from customer_journey.landing import LandingReport, land, point_at_schemas
from customer_journey.paths import EXPECTATIONS, Output
from customer_journey.progress import Progress
from customer_journey.publish import SCHEMA, publish
from customer_journey.settings import read_settings, remember_settings
from customer_journey.transform import TransformResult, transform
from customer_journey.warehouse import open_warehouse


@dataclass(frozen=True)
class BuildOptions:
    """What the command line asks for; without `raw` and `raw_schemas` the demo company is built."""

    output: Output
    raw: Path | None = None
    raw_schemas: dict[str, str] | None = None
    as_of: str | None = None
    full_refresh: bool = False


@dataclass(frozen=True)
class BuildResult:
    """What a published build has to tell."""

    landing: LandingReport
    transformed: TransformResult
    checks: list[CheckResult]
    marts: int


def build(options: BuildOptions, progress: Progress) -> BuildResult:
    """Run one build and publish its marts.

    Raises:
        InputError: raw tables, settings or arguments cannot be used.
        LockedError: another build of this output folder is at work.
        CheckFailedError: a model, dbt test or expectation failed; the published file stands.
    """
    output = options.output
    try:
        output.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {output.root}: cannot be made a folder ({error.strerror}).") from error
    lock = filelock.FileLock(output.lock)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout as error:
        raise LockedError(
            f"{output.root}: another build is at work here. Wait for it, or choose another --out."
        ) from error
    with lock:
        return _build_locked(options, progress)


def _build_locked(options: BuildOptions, progress: Progress) -> BuildResult:
    output = options.output
    started_at = datetime.now(UTC)

    raw = options.raw
    if raw is None and options.raw_schemas is None:
        with progress.step("Demo company") as step:
            raw = demo_company.raw_tables_of_demo(step.share)
    settings = read_settings(raw, options.as_of, started_at)

    with progress.step("Landing") as step, open_warehouse(output.warehouse) as connection:
        erasure.prepare(connection)
        if options.raw_schemas is not None:
            landing = point_at_schemas(connection, options.raw_schemas)
        else:
            assert raw is not None
            landing = land(connection, raw, step.share)
        remember_settings(connection, settings)
        erasure_is_due = erasure.is_due(connection)

    if erasure_is_due:
        with progress.step("Erasure") as step:
            found = transform(output, options.full_refresh, step.count, only=erasure.IDENTITY_MODELS)
            if found.failures:
                raise CheckFailedError(f"{found.failures[0]}. Nothing was erased or published.")
            erasure.erase(output.warehouse, options.raw_schemas)

    # Great Expectations keeps its connection to the warehouse until its process ends, so it gets one of its own.
    # Loading it takes seconds, which pass while dbt is at work.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, initializer=_end_with_parent) as checker:
        checker.submit(importlib.import_module, "great_expectations")
        with progress.step("Models and tests") as step:
            transformed = transform(output, options.full_refresh, step.count)
        checks = list(transformed.checks)
        failures = list(transformed.failures)
        if not failures:
            with progress.step("Expectations"):
                layers: tuple[Literal["landed", "marts"], ...] = ("landed", "marts")
                checks += checker.submit(
                    run_expectations, output.warehouse, EXPECTATIONS, layers, output.data_docs
                ).result()
    if not failures:
        failures = [
            f"expectation {check.name} on {check.target}: {check.detail}"
            for check in checks
            if not check.success and check.severity == "error"
        ]

    record = audit.BuildRecord(
        build_id=started_at.strftime("%Y%m%dT%H%M%S.%fZ"),
        as_of=datetime.fromisoformat(settings["as_of"]).replace(tzinfo=None),
        started_at=started_at.replace(tzinfo=None),
        finished_at=datetime.now(UTC).replace(tzinfo=None),
        status="failed" if failures else "published",
    )
    with open_warehouse(output.warehouse) as connection:
        audit.record_build(connection, record, checks, settings)
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise CheckFailedError(
            f"{failures[0]}{more}. Nothing was published; "
            + ("the last published file stands. " if output.published.exists() else "")
            + f"Details: {output.logs / 'dbt.log'}, {output.data_docs / 'index.html'}"
        )

    with progress.step("Publishing"):
        marts = publish(output, _descriptions(transformed.nodes))
    return BuildResult(landing, transformed, checks, marts)


def _end_with_parent() -> None:
    """Let this process end when the build does, however that ends: one that is killed cannot tell its children."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    # with a thread still waiting, DuckDB's module would be taken apart in an order that it prints a page about
    atexit.register(os._exit, 0)


def _descriptions(nodes: dict[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    """Name each mart that is published, with its description and those of its columns."""
    described = {
        node.name: (node.description, {column.name: column.description for column in node.columns.values()})
        for node in nodes.values()
        if node.schema == SCHEMA
    }
    for name, table in audit.described_tables().items():
        described[name] = (
            table["description"],
            {column["name"]: column["description"] for column in table["columns"]},
        )
    return described
