"""The main job, step by step: land, transform, check, publish."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from customer_journey import audit, erasure, garbage, hash_key, keys, nothing_new
from customer_journey.checks.result import CheckResult
from customer_journey.engine import DuckDBEngine, Engine, EngineName, engine_of
from customer_journey.errors import CheckFailedError, InputError, LockedError
from customer_journey.landing import LandingReport, kind_of, land
from customer_journey.locking import locked
from customer_journey.nothing_new import Unchanged
from customer_journey.paths import DEMO, Output
from customer_journey.progress import Progress
from customer_journey.publish import SCHEMA, Descriptions
from customer_journey.settings import built_frameworks, read_settings, remember_settings
from customer_journey.transform import Project, TransformResult
from customer_journey.warehouse import open_warehouse

ROW_STATES = ("rows_in", "accepted", "duplicates", "quarantined", "deferred", "erased")
RECONCILIATION = (
    f"select source_table, {', '.join(ROW_STATES)} from {SCHEMA}.audit_reconciliation"
    " where rows_in > 0 order by source_table"
)


@dataclass(frozen=True)
class BuildOptions:
    """What the command line asks for; without `raw` and `raw_schemas` the demo company is built."""

    output: Output
    raw: Path | None = None
    raw_schemas: dict[str, str] | None = None
    as_of: str | None = None
    full_refresh: bool = False
    engine: EngineName = "duckdb"


@dataclass(frozen=True)
class BuildResult:
    """What a published build has to tell."""

    landing: LandingReport
    transformed: TransformResult
    checks: list[CheckResult]
    marts: int
    # a row a raw table: its name and its counts, as ROW_STATES names them
    counts: list[tuple[Any, ...]]
    published: str
    as_of: str
    frameworks: list[str]
    # tables of an EL tool, each with the number of rows in it of erased persons
    left_to_erase: list[tuple[str, int]]
    # what became of the key of the hashes in this build, None where it is as it was
    key_news: str | None


def build(options: BuildOptions, progress: Progress) -> BuildResult | Unchanged:
    """Run one build and publish its marts, unless what is published was made from the same.

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
    with locked(output):
        return _build_locked(options, progress)


def _build_locked(options: BuildOptions, progress: Progress) -> BuildResult | Unchanged:
    output = options.output
    started_at = datetime.now(UTC)

    raw = options.raw
    if raw is None and options.raw_schemas is None:
        raw = DEMO
    settings = read_settings(output.root if raw is None else raw, options.as_of, started_at)
    origin = nothing_new.origin_of(options.engine, settings, options.raw_schemas)
    key = keys.key_of(output)
    if key is not None:
        hash_key.put_in_force(key)
    if key is not None and not options.full_refresh:
        standing = nothing_new.unchanged(output, origin, settings, raw, options.raw_schemas)
        if standing is not None:
            return standing
    nothing_new.forget(output)
    garbage.search_seldom()
    with engine_of(options.engine, output) as engine:
        return _build_with(engine, options, raw, key, settings, origin, started_at, progress)


def _build_with(
    engine: Engine,
    options: BuildOptions,
    raw: Path | None,
    key: str | None,
    settings: dict[str, Any],
    origin: dict[str, str],
    started_at: datetime,
    progress: Progress,
) -> BuildResult:
    output = options.output
    with progress.step("Landing") as step, open_warehouse(output.warehouse) as connection:
        _refuse_another_engine(connection, options)
        erasure.prepare(connection)
        if options.raw_schemas is not None:
            landing = engine.land_schemas(connection, options.raw_schemas, step.share)
        else:
            assert raw is not None
            landing = land(connection, raw, step.share)
        remember_settings(connection, settings)
        connection.execute("create or replace table private.engine as select ? as name", [options.engine])
        rows = nothing_new.rows_of(connection, options.raw_schemas)
        erasure_is_due = erasure.is_due(connection)
        is_demo = options.raw_schemas is None and hash_key.is_demo(connection, raw)
    key_news = keys.settle(output, key, is_demo)

    project = Project(output, options.full_refresh)
    built: Sequence[str] = ()
    transformed = TransformResult()
    if erasure_is_due:
        with progress.step("Erasure") as step:
            # the landed layer is the embedded engine's, whichever engine builds the models
            found = project.build(
                DuckDBEngine.dbt_target, step.count, select=erasure.BEFORE_ERASURE, only=("model", "seed")
            )
            if found.failures:
                raise CheckFailedError(f"{found.failures[0]}. Nothing was erased or published.")
            erasure.erase(output.warehouse, landing.in_place)
            if options.engine == DuckDBEngine.dbt_target:
                built, transformed = sorted(found.nodes.keys() & erasure.models_left(output.warehouse)), found

    with open_warehouse(output.warehouse) as connection:
        has_erased = erasure.is_unpublished(connection)
        left_to_erase = erasure.left_at_their_origin(connection, landing.exported)
    if tables := engine.in_output([table for table, _ in left_to_erase]):
        raise InputError(
            f"erasure: {', '.join(tables)}: the EL tool keeps it in {output.root}, and rows of persons who asked to be "
            "erased cannot be deleted from it here. Write it anew without them, and build again. Nothing was published."
        )
    build_id = started_at.strftime("%Y%m%dT%H%M%S.%fZ")
    checks, marts = _build_on(
        engine, options, project, built, transformed, settings, build_id, started_at, has_erased, progress
    )
    counts = engine.query_published(RECONCILIATION)
    # who opens the warehouse just now does not undo what was published; the next build says it again
    with contextlib.suppress(LockedError):
        with open_warehouse(output.warehouse) as connection:
            hash_key.was_published(connection)
            if has_erased:
                erasure.was_published(connection)
        nothing_new.remember(output, build_id, origin, rows, landing.files)
    return BuildResult(
        landing,
        transformed,
        checks,
        marts,
        counts,
        engine.published,
        settings["as_of"],
        built_frameworks(settings),
        left_to_erase,
        key_news,
    )


def _build_on(
    engine: Engine,
    options: BuildOptions,
    project: Project,
    built: Sequence[str],
    transformed: TransformResult,
    settings: dict[str, Any],
    build_id: str,
    started_at: datetime,
    has_erased: bool,
    progress: Progress,
) -> tuple[list[CheckResult], int]:
    output = options.output
    with progress.step("Engine") as step:
        engine.start(step.share)
    transformed.add(_transform(engine, project, built, progress))
    checks = list(transformed.checks)
    failures = [str(failure) for failure in transformed.failures]
    if not failures:
        with progress.step("Expectations") as step:
            checks += engine.run_expectations(step.share)
        failures = [
            f"expectation {check.name} on {check.target}: {check.detail}"
            for check in checks
            if not check.success and check.severity == "error"
        ]

    record = audit.BuildRecord(
        build_id=build_id,
        as_of=datetime.fromisoformat(settings["as_of"]).replace(tzinfo=None),
        started_at=started_at.replace(tzinfo=None),
        finished_at=datetime.now(UTC).replace(tzinfo=None),
        status="failed" if failures else "published",
    )
    engine.record(record, checks, settings)
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise CheckFailedError(
            f"{failures[0]}{more}. Nothing was published; "
            + (f"what was published last stands in {engine.published}. " if engine.has_published else "")
            + f"Details: {output.logs / 'dbt.log'}, {output.data_docs / 'index.html'}"
        )

    with progress.step("Publishing"):
        marts = engine.publish(record.build_id, _descriptions(transformed.nodes), keep_before=not has_erased)
    return checks, marts


def _transform(engine: Engine, project: Project, built: Sequence[str], progress: Progress) -> TransformResult:
    """Have dbt build and test every model but those `built` before: those that read the fit of CLV once it is made."""
    # scipy takes a second to load, which bad input should not wait for
    from customer_journey.clv.step import AFTER_FIT, fit_clv

    with progress.step("Models and tests") as step:
        transformed = project.build(
            engine.dbt_target, step.count, exclude=AFTER_FIT, without=built, writes_results=True
        )
    if transformed.failures:
        return transformed
    with progress.step("CLV") as step:
        engine.keep(fit_clv(engine.query_models, step.share))
    with progress.step("Models of CLV") as step:
        transformed.add(project.build(engine.dbt_target, step.count, select=AFTER_FIT))
    return transformed


def _refuse_another_engine(connection: duckdb.DuckDBPyConnection, options: BuildOptions) -> None:
    """Keep an output folder to one engine: what another engine left there would be forgotten, also by erasure."""
    if kind_of(connection, "private", "engine") is None:
        return
    row = connection.execute("select name from private.engine").fetchone()
    if row is not None and row[0] != options.engine:
        raise InputError(
            f"--target {options.engine}: {options.output.root} was built on {row[0]}. Choose another --out."
        )


def _descriptions(nodes: dict[str, Any]) -> Descriptions:
    """Name each mart that is published, with its description and those of its columns."""
    described = {
        node.name: (node.description, {column.name: column.description for column in node.columns.values()})
        for node in nodes.values()
        if node.config.get("schema") == SCHEMA
    }
    for name, table in audit.described_tables().items():
        described[name] = (
            table["description"],
            {column["name"]: column["description"] for column in table["columns"]},
        )
    return described
