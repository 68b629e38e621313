"""One build, step by step: land, transform, check, publish."""

import contextlib
import os
import resource
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from customer_journey import audit, garbage_collection, nothing_new
from customer_journey.checks.result import CheckResult
from customer_journey.comparison import definitions
from customer_journey.comparison.changes import changes
from customer_journey.engine import DuckDBEngine, Engine, EngineName, engine_of
from customer_journey.errors import (
    NO_MEMORY,
    BuildError,
    CheckFailedError,
    InputError,
    LockedError,
    MachineError,
    RowCounts,
    exhausted_resource,
)
from customer_journey.landing.land import land
from customer_journey.landing.landed import LandingReport, kind_of
from customer_journey.landing.refused import examples_in, landed_files, refusals
from customer_journey.locking import locked
from customer_journey.nothing_new import Unchanged
from customer_journey.operations import alarms, history, housekeeping
from customer_journey.operations.history import BuildRecord
from customer_journey.paths import DEMO, Output
from customer_journey.privacy import erasure, hash_key, keys
from customer_journey.privacy.file_names import FileNames, names_of
from customer_journey.progress import Progress
from customer_journey.publishing.publish import SCHEMA, Descriptions
from customer_journey.settings import built_frameworks, default_settings, read_settings, remember_settings
from customer_journey.transform import Project, TransformResult
from customer_journey.warehouse import open_warehouse

# The address space that Python, dbt and DuckDB reserve before they read a row.
LEAST_ADDRESS_SPACE = 1500 * 2**20
# What must be left of it before scipy is loaded: the OpenBLAS in it asks without end for memory that is denied.
ROOM_FOR_SCIPY = 300 * 2**20

ROW_STATES = ("rows_in", "accepted", "duplicates", "quarantined", "deferred", "erased")


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
    """A published build, as the summary shows it."""

    build_id: str
    landing: LandingReport
    transformed: TransformResult
    checks: list[CheckResult]
    marts: int
    rows: RowCounts
    published: str
    as_of: str
    frameworks: list[str]
    # tables of an EL tool, each with the number of its rows that belong to erased persons
    left_to_erase: list[tuple[str, int]]
    # a line on each erasure request that nobody was erased for
    waiting_requests: list[str]
    # requests that this build erased rows for: see erasure.receipts
    erasure_receipts: list[tuple[str, int, int, bool | None]]
    # a line on the hash key if this build made or changed it, else None
    key_news: str | None
    # one line for each definition that differs from the published build
    changed_definitions: Sequence[str]


def build(
    options: BuildOptions, progress: Progress, on_begin: Callable[[BuildRecord], None] | None = None
) -> BuildResult | Unchanged:
    """Run one build and publish its marts; do nothing if the published marts were built from the same inputs.

    `on_begin` is called with the lock held, before anything is touched, unless nothing is new.

    Raises:
        InputError: raw tables, settings or arguments cannot be used.
        LockedError: another build of this output folder is at work.
        CheckFailedError: a model, dbt test or expectation failed; the published file is unchanged.
    """
    output = options.output
    _check_memory_limit()
    _refuse_one_in_the_other(options.raw, output)
    _prepare_output(output)
    with locked(output):
        return _build_locked(options, progress, on_begin)


def _check_memory_limit() -> None:
    """Refuse a memory limit too low for any build: the C library would abort the process when a thread starts.

    Raises:
        MachineError: the limit is below what every build needs.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESS_SPACE:
        raise MachineError(
            f"{NO_MEMORY} (ulimit -v is {limit // 2**20:,} MB; a build needs at least"
            f" {LEAST_ADDRESS_SPACE // 2**20:,} MB). Nothing was published; the marts published last are unchanged."
        )


def refuse_to_load_scipy_without_room() -> None:
    """Refuse to go on if a memory limit leaves too little: the process would hang while it loads scipy.

    Raises:
        MachineError: too little of the address space is left.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    sizes = Path("/proc/self/statm")
    if limit == resource.RLIM_INFINITY or not sizes.is_file():
        return
    used = int(sizes.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    if limit - used < ROOM_FOR_SCIPY:
        raise MachineError(
            f"{NO_MEMORY} (ulimit -v is {limit // 2**20:,} MB, of which {used // 2**20:,} MB are in use before the "
            "models are built). Nothing was published; the marts published last are unchanged."
        )


def _refuse_one_in_the_other(raw: Path | None, output: Output) -> None:
    """Refuse an output folder in the raw folder, where it would be read as raw, and raw files in the output folder.

    Raises:
        InputError: one folder is the other, or is in it.
    """
    if raw is None:
        return
    for one, other in ((output.root, raw), (raw, output.root)):
        if one.resolve().is_relative_to(other.resolve()):
            how = "is the same folder as" if one.resolve() == other.resolve() else "is inside"
            names = ("--out", "--raw") if one == output.root else ("--raw", "--out")
            beside = raw.resolve().parent / f"{raw.resolve().name}_out"
            example = f", for example --out {os.path.relpath(beside)}" if one == output.root else ""
            raise InputError(
                f"{names[0]} {one}: {how} {names[1]} {other}. Choose another --out{example}: the raw files stay as "
                "they were delivered, and nothing of an erased person may stay in the output."
            )


def _exhausted_resource(failures: Sequence[object]) -> str | None:
    """Return a line for the user if one of the failures says that the machine ran out of memory or disk space."""
    return next(filter(None, map(exhausted_resource, failures)), None)


def _prepare_output(output: Output) -> None:
    """Create the output folder if needed, and check that the build can write everything there.

    Raises:
        InputError: it cannot be created or written to, or holds a folder where a file belongs, or a file for a folder.
    """
    try:
        str(output.root).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"--out {output.root}: the name is not valid UTF-8. Choose another one.") from error
    try:
        output.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        file = next((path for path in (output.root, *output.root.parents) if path.is_file()), None)
        reason = error.strerror if file is None else f"{file} is a file"
        raise InputError(
            f"--out {output.root}: this folder cannot be created ({reason}). Choose another --out."
        ) from error
    try:
        with tempfile.TemporaryFile(dir=output.root):
            pass
    except OSError as error:
        if exhausted_resource(error):
            raise
        raise InputError(
            f"--out {output.root}: cannot be written to ({error.strerror}). Change its permissions, or choose another "
            "--out."
        ) from error
    for file in output.files:
        # the build renames new files over old ones: the target of a link would stay as it was, with erased persons
        if file.is_symlink():
            raise InputError(
                f"{file}: is a link, but the build replaces this file by renaming. Move the file that it leads to "
                "here, or make --out itself the link."
            )
        if file.exists() and not file.is_file():
            raise InputError(
                f"{file}: is a folder, but the build writes a file of that name. Move it away, or choose another --out."
            )
    for folder in output.folders:
        if folder.exists() and not folder.is_dir():
            raise InputError(
                f"{folder}: is a file, but the build needs a folder of that name. Move it away, or choose another "
                "--out."
            )


def _build_locked(
    options: BuildOptions, progress: Progress, on_begin: Callable[[BuildRecord], None] | None
) -> BuildResult | Unchanged:
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
    garbage_collection.collect_garbage_seldom()
    build = BuildRecord(
        build_id=started_at.strftime("%Y%m%dT%H%M%S.%fZ"),
        as_of=datetime.fromisoformat(settings["as_of"]).replace(tzinfo=None),
        started_at=started_at.replace(tzinfo=None),
    )
    if on_begin is not None:
        on_begin(build)
    with engine_of(options.engine, output) as engine:
        try:
            return _build_with(engine, options, raw, key, settings, origin, build, progress)
        except Exception:
            # record how the build ended; a failure of that must not hide the error of the build
            with contextlib.suppress(BuildError, duckdb.Error, OSError, MemoryError):
                is_published = nothing_new.published_build(output) == build.build_id
                status = history.PUBLISHED if is_published else history.FAILED
                _note(output, replace(build, finished_at=_now(), status=status))
            raise


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _note(output: Output, build: BuildRecord) -> None:
    """Record how a build ended, if it got as far as creating the warehouse."""
    if not output.warehouse.is_file():
        return
    with open_warehouse(output.warehouse) as connection:
        if kind_of(connection, "private", "builds"):
            history.end(connection, build)


def _build_with(
    engine: Engine,
    options: BuildOptions,
    raw: Path | None,
    key: str | None,
    settings: dict[str, Any],
    origin: dict[str, str],
    build: BuildRecord,
    progress: Progress,
) -> BuildResult:
    output = options.output
    with progress.step("Landing") as step, open_warehouse(output.warehouse) as connection:
        _refuse_another_engine(connection, options)
        published_build = nothing_new.published_build(output)
        history.begin(connection, build, published_build)
        changed_definitions = definitions.changed(
            connection, build.build_id, published_build, definitions.definitions_in_force(settings)
        )
        erasure.prepare(connection)
        if options.raw_schemas is not None:
            landing = engine.land_schemas(connection, options.raw_schemas, step.share)
        else:
            assert raw is not None
            landing = land(connection, raw, step.share)
        remember_settings(connection, settings)
        connection.execute("create or replace table private.engine as select ? as name", [options.engine])
        erasure_is_due = erasure.is_due(connection)
        is_demo = options.raw_schemas is None and hash_key.is_demo(connection, raw)
    key_news = keys.settle(output, key, is_demo)

    project = Project(output, options.full_refresh)
    built: Sequence[str] = ()
    transformed = TransformResult()
    if erasure_is_due:
        with progress.step("Erasure") as step:
            # the landed rows lie in DuckDB, whichever engine builds the models
            found = project.build(
                DuckDBEngine.dbt_target, step.count, select=erasure.BEFORE_ERASURE, only=("model", "seed")
            )
            if found.failures:
                if exhausted := _exhausted_resource(found.failures):
                    raise MachineError(f"{exhausted} ({found.failures[0]}). Nothing was erased or published.")
                raise CheckFailedError(f"{found.failures[0]}. Nothing was erased or published.")
            erasure.erase(output.warehouse, build.started_at, landing.in_place)
            if options.engine == DuckDBEngine.dbt_target:
                built, transformed = sorted(found.nodes.keys() & erasure.models_left(output.warehouse)), found

    with open_warehouse(output.warehouse) as connection:
        # an erasure may have replaced names of files
        files, names = landed_files(connection), names_of(connection)
        rows = nothing_new.rows_of(connection, options.raw_schemas)
        has_erased = erasure.is_unpublished(connection)
        left_to_erase = erasure.left_at_their_origin(connection, landing.exported)
        waiting_requests = erasure.waiting(connection)
        receipts = erasure.receipts(connection, build.started_at)
        erasure.write_receipts(connection, output.erasure_receipts)
    if receipts:
        housekeeping.forget_logs(output)
    if tables := engine.in_output([table for table, _ in left_to_erase]):
        raise InputError(
            f"erasure: {', '.join(tables)} in {output.root} hold rows of persons who asked to be erased. The EL tool "
            "owns these tables, so the build may not delete them. Delete the rows there, and build again. Nothing was "
            "published."
        )
    try:
        checks, marts, row_counts = _build_on(
            engine, options, project, built, transformed, settings, build, files, names, has_erased, progress
        )
    except CheckFailedError as error:
        # the likely cause of a failed check
        error.changed_definitions = changed_definitions
        raise
    # the marts are published: a warehouse that somebody else has open, or a full disk, must not fail the build now.
    # The next build records the same again.
    with contextlib.suppress(LockedError, duckdb.Error, OSError):
        with open_warehouse(output.warehouse) as connection:
            hash_key.was_published(connection)
            if has_erased:
                erasure.was_published(connection)
        nothing_new.remember(output, build.build_id, origin, rows, map(names.stored, landing.files))
    return BuildResult(
        build.build_id,
        landing,
        transformed,
        checks,
        marts,
        row_counts,
        engine.published,
        settings["as_of"],
        built_frameworks(settings),
        left_to_erase,
        waiting_requests,
        receipts,
        key_news,
        changed_definitions,
    )


def _build_on(
    engine: Engine,
    options: BuildOptions,
    project: Project,
    built: Sequence[str],
    transformed: TransformResult,
    settings: dict[str, Any],
    build: BuildRecord,
    files: dict[int, str],
    names: FileNames,
    has_erased: bool,
    progress: Progress,
) -> tuple[list[CheckResult], int, RowCounts]:
    output = options.output
    with progress.step("Engine") as step:
        engine.start(step.share)
    transformed.add(_transform(engine, project, built, progress))
    checks = list(transformed.checks)
    failures = [str(failure) for failure in transformed.failures]
    row_counts: RowCounts | None = None
    if not failures:
        counts = engine.query_models(
            f"select source_table, {', '.join(ROW_STATES)} from {engine.building}.audit_reconciliation"
            " where rows_in > 0 order by source_table"
        )
        position = 1 + ROW_STATES.index("quarantined")
        with examples_in(files, options.raw, output.warehouse, names.stored) as place:
            refused = refusals(engine.query_models, place, [(row[0], row[1], row[position]) for row in counts])
        in_force = {**default_settings(), **settings}
        max_share = in_force["max_quarantined_share"]
        # the rows of a build on Spark lie in its catalog
        where = f"check {options.raw}" if options.raw else f"quarantine --out {options.output.root}"
        advice = "" if options.engine == "spark" and not options.raw else f": `journey {where}` says what to change"
        failures = [
            f"{refusal}. The setting max_quarantined_share ({max_share:g}) allows fewer{advice}"
            for refusal in refused
            if refusal.stops(max_share)
        ]
        moved = changes(engine.query_models, engine.building, engine.query_published) if engine.has_published else []
        row_counts = RowCounts(counts, [str(refusal) for refusal in refused], moved)
        with progress.step("Expectations") as step:
            checks += engine.run_expectations(step.share)
            if alarms.MART in transformed.nodes:
                checks += alarms.judge_sources(engine.query_models, engine.building, in_force)
        failures += [
            f"expectation {check.name} on {check.target}: {check.detail}"
            for check in checks
            if not check.success and check.severity == "error"
        ]

    # the status becomes PUBLISHED only once readers see the marts
    build = replace(
        build,
        finished_at=_now(),
        status=history.FAILED if failures else history.PUBLISHING,
        definition_version=engine.definitions_version(),
    )
    with open_warehouse(output.warehouse) as connection:
        history.end(connection, build)
        builds = history.all_builds(connection)
    engine.record(build, builds, checks, settings)
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        stands = f"; the marts published last are unchanged in {engine.published}. " if engine.has_published else ". "
        if exhausted := _exhausted_resource(failures):
            raise MachineError(f"{exhausted} ({failures[0]}{more}). Nothing was published{stands}")
        raise CheckFailedError(
            f"{failures[0]}{more}. Nothing was published{stands}"
            f"Details: {output.logs / 'dbt.log'}, {output.data_docs / 'index.html'}",
            row_counts,
            checks,
        )
    assert row_counts is not None

    with progress.step("Publishing"):
        marts = engine.publish(build.build_id, _descriptions(transformed.nodes), keep_before=not has_erased)
    with contextlib.suppress(LockedError, duckdb.Error, OSError):
        _note(output, replace(build, status=history.PUBLISHED))
    return checks, marts, row_counts


def _transform(engine: Engine, project: Project, built: Sequence[str], progress: Progress) -> TransformResult:
    """Have dbt build and test every model not yet `built`: first those before the CLV fit, then those that read it."""
    refuse_to_load_scipy_without_room()
    # scipy takes a second to import; errors in the input should be reported before that
    from customer_journey.clv.step import AFTER_FIT, INPUTS, fit_clv

    with progress.step("Models and tests") as step:
        transformed = project.build(
            engine.dbt_target, step.count, exclude=AFTER_FIT, without=built, writes_results=True
        )
    if transformed.failures or INPUTS not in transformed.nodes:
        return transformed
    with progress.step("CLV") as step:
        engine.keep(fit_clv(engine.query_models, step.share))
    with progress.step("Models of CLV") as step:
        transformed.add(project.build(engine.dbt_target, step.count, select=AFTER_FIT))
    return transformed


def _refuse_another_engine(connection: duckdb.DuckDBPyConnection, options: BuildOptions) -> None:
    """Refuse an output folder of the other engine: an erasure would miss the rows that the other engine left there."""
    if kind_of(connection, "private", "engine") is None:
        return
    row = connection.execute("select name from private.engine").fetchone()
    if row is not None and row[0] != options.engine:
        raise InputError(
            f"--target {options.engine}: {options.output.root} was built on {row[0]}. Choose another --out, or "
            f"--target {row[0]}."
        )


def _descriptions(nodes: dict[str, Any]) -> Descriptions:
    """Return the description of each published mart, and those of its columns."""
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
