"""The command `journey build`, which scripts/build calls."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from customer_journey.commands.publish import copy_marts, parse_server, print_copied
from customer_journey.ending import ending_of
from customer_journey.errors import BuildError, CheckFailedError, ExitCode, InputError, exhausted_resource, first_line
from customer_journey.options import FOLDER
from customer_journey.paths import PRIVATE_UMASK, Output
from customer_journey.terminal import PlainConsole

if TYPE_CHECKING:
    from collections.abc import Callable

    from customer_journey.engine import EngineName
    from customer_journey.operations.history import BuildRecord
    from customer_journey.operations.run_summary import RunSummary
    from customer_journey.progress import Progress
    from customer_journey.publishing.postgres import Published


@click.command()
@click.option(
    "--raw",
    type=FOLDER,
    help="Folder of raw tables: <source>/<table> as .parquet, .csv, .csv.gz, .tsv, .xlsx, .json or a folder of such "
    "files, or any exports with a mapping.yml (journey init writes it). "
    "Default: the demo company.",
)
@click.option(
    "--out",
    type=FOLDER,
    default=Path("out"),
    show_default=True,
    help="Folder of state and results; OUT/journey.duckdb is the published file.",
)
@click.option(
    "--as-of",
    help="The time that the build takes as now, as 2026-06-30T17:00:00Z. Default: as_of of RAW/vars.yml, else now.",
)
@click.option("--target", default="duckdb", show_default=True, type=click.Choice(["duckdb", "spark"]), help="Engine.")
@click.option("--full-refresh", is_flag=True, help="Rebuild every model from the landed rows, even if nothing is new.")
@click.option(
    "--raw-schemas",
    help="Instead of --raw: schemas that an EL tool landed, as crm=schema,web=schema: in OUT/warehouse.duckdb, "
    "or with --target spark in Spark's catalog.",
)
@click.option(
    "--publish",
    "url",
    envvar="JOURNEY_POSTGRES_URL",
    show_envvar=True,
    metavar="URL",
    help="Copy the marts to PostgreSQL too: postgresql://user@host:5432/database, the password in PGPASSWORD.",
)
@click.option(
    "--pages/--no-pages",
    default=True,
    show_default=True,
    envvar="JOURNEY_PAGES",
    show_envvar=True,
    help="Write OUT/report (the report) and OUT/docs (the documentation of the models).",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print OUT/summary.json on standard output; progress and table go to standard error.",
)
def build(
    raw: Path | None, out: Path, as_of: str | None, target: "EngineName", full_refresh: bool, raw_schemas: str | None,
    url: str | None, pages: bool, as_json: bool,
) -> None:  # fmt: skip
    """Land raw tables, build and check every model, and publish the marts."""
    from customer_journey.operations.housekeeping import keep_builds, rotate_logs
    from customer_journey.operations.run_summary import RunSummary
    from customer_journey.operations.webhook import check_variables, notify

    os.umask(PRIVATE_UMASK)
    output = Output(out.resolve())
    summary = RunSummary(output, target)
    console = PlainConsole(
        # a log file has no width that a table could be cut for
        stderr=as_json, width=None if (sys.stderr if as_json else sys.stdout).isatty() else 120
    )  # fmt: skip

    def begin(record: "BuildRecord") -> None:
        rotate_logs(output, keep)
        summary.begin(record.build_id, f"{record.as_of.isoformat()}Z")

    try:
        keep = keep_builds()
        check_variables()
        _build_and_publish(summary, begin, console, raw, as_of, target, full_refresh, raw_schemas, url, pages)
    except BaseException as error:
        summary.end(*ending_of(error))
        raise
    finally:
        not_sent = notify(summary)
        if not_sent is not None:
            summary.warnings.append(not_sent)
            PlainConsole(stderr=True, soft_wrap=True).print(f"warning: {not_sent}")
        # the build has refused an output in the raw folder, which holds nothing but raw files
        if raw is None or not output.root.is_relative_to(raw.resolve()):
            summary.write()
        if as_json:
            click.echo(summary.text(), nl=False)


def _build_and_publish(
    summary: "RunSummary", begin: "Callable[[BuildRecord], None]", console: PlainConsole,
    raw: Path | None, as_of: str | None, target: "EngineName", full_refresh: bool, raw_schemas: str | None,
    url: str | None, pages: bool,
) -> None:  # fmt: skip
    """Run a build, its pages and its copy to PostgreSQL, and print the table; `summary` learns how far it came."""
    # imported here, so that --help and a wrong option answer at once
    import duckdb

    from customer_journey.build import BuildOptions
    from customer_journey.build import build as run_build
    from customer_journey.nothing_new import Unchanged
    from customer_journey.paths import keep_private
    from customer_journey.progress import Progress
    from customer_journey.summary import print_changes, print_rows, print_summary, warnings_of

    if raw is not None and raw_schemas is not None:
        raise InputError("--raw and --raw-schemas cannot be combined. Give one of them.")
    server = parse_server(url, "--publish") if url is not None else None
    progress = Progress(console, summary)
    output = summary.output
    options = BuildOptions(
        output=output,
        raw=raw.resolve() if raw else None,
        raw_schemas=_schemas(raw_schemas) if raw_schemas else None,
        as_of=as_of,
        full_refresh=full_refresh,
        engine=target,
    )
    keep_private(output)
    try:
        result = run_build(options, progress, begin)
        summary.published = result.published
        if isinstance(result, Unchanged):
            summary.build_id, summary.as_of = result.build_id, result.as_of
        else:
            summary.is_published, summary.marts = True, result.marts
            summary.rows, summary.refused, summary.checks = result.rows.counts, result.rows.refusals, result.checks
            summary.changes, summary.changed_definitions = result.rows.changes, result.changed_definitions
            summary.warnings += warnings_of(output, result)
        report = _report_of(output, isinstance(result, Unchanged), pages, progress)
        copied: Published | BuildError | None = None
        try:
            copied = copy_marts(output, server, progress) if server else None
        except BuildError as error:
            copied = error
        except (duckdb.Error, OSError, MemoryError) as error:
            copied = BuildError(f"{exhausted_resource(error) or first_line(error)}.")
        print_summary(console, output, result, report)
        if isinstance(copied, BuildError):
            raise type(copied)(
                f"{result.published} is published, but the copy to PostgreSQL failed; it keeps the build it had. "
                f"{copied}"
            )
        if copied is not None:
            print_copied(console, copied)
            summary.warnings += copied.notes
        summary.end(ExitCode.PUBLISHED, is_new=not isinstance(result, Unchanged))
    except CheckFailedError as error:
        summary.checks, summary.changed_definitions = error.checks, error.changed_definitions
        if error.rows is not None:
            summary.rows, summary.refused = error.rows.counts, error.rows.refusals
            summary.changes = error.rows.changes
            print_rows(console, error.rows)
        print_changes(console, [*summary.changed_definitions, *summary.changes])
        raise
    finally:
        keep_private(output)


def _report_of(output: Output, is_unchanged: bool, has_pages: bool, progress: "Progress") -> str:
    """Write the pages of a build that published something new; return the path of the report for the summary."""
    none = f"not written; journey report --out {output.root}"
    if is_unchanged:
        return str(output.report) if output.report.exists() else none
    if not has_pages:
        # pages of an older build would show outdated figures
        for page in (output.report, output.docs):
            page.unlink(missing_ok=True)
        return none
    # Jinja and Arrow are slow to import; a build that finds nothing new does not need them
    from report.page import report_of_build

    from customer_journey.publishing.model_docs import docs_of_build

    with progress.step("Report"):
        docs_of_build(output)
        return report_of_build(output)


def _schemas(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",")]
    if any(not source or not schema for source, _, schema in pairs):
        raise InputError(
            f"--raw-schemas {text!r}: not understood. Write source=schema pairs, for example crm=hubspot,web=segment."
        )
    return {source.strip(): schema.strip() for source, _, schema in pairs}
