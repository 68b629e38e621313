"""The command line: `journey build`, which scripts/build calls, the demo company, comparisons, the workbench."""

import contextlib
import logging
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from customer_journey.errors import (
    BuildError,
    CheckFailedError,
    ExitCode,
    InputError,
    as_build_error,
    first_line,
    what_gave_out,
)
from customer_journey.options import FOLDER
from customer_journey.paths import Output
from customer_journey.terminal import PlainConsole, plain_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from customer_journey.engine import EngineName
    from customer_journey.operations.history import BuildRecord
    from customer_journey.operations.run_summary import RunSummary
    from customer_journey.progress import Progress
    from customer_journey.publishing.postgres import Published
    from customer_journey.publishing.postgres_server import Server

# only the user who runs a command may read the files that it writes (docs/keys.md)
PRIVATE = 0o077
# the module of each command that is defined elsewhere, under the command's name; imported only when called, so that
# builds start fast
_ELSEWHERE = {
    "clean": "customer_journey.operations.clean",
    "watch": "customer_journey.operations.watch",
    "init": "onboarding.commands",
    "map-value": "onboarding.commands",
    "new": "workbench.commands",
    "check": "workbench.commands",
    "dry-run": "workbench.commands",
}
_NOT_FORESEEN = "This is a defect: please report it. The marts published last are unchanged."


class _Commands(click.Group):
    """The commands of this module; those of other modules are imported when one is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(_ELSEWHERE[cmd_name]), cmd_name.replace("-", "_"))
        return command


def _show_versions(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from customer_journey.versions import versions

        click.echo("\n".join(versions()))
        context.exit()


@click.group(cls=_Commands)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_versions,
    help="Show the versions of the project, dbt and the engines, and exit.",
)  # fmt: skip
def app() -> None:
    """customer_journey: raw CRM, web and order tables in, validated marts out."""


@app.command()
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

    os.umask(PRIVATE)
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
        summary.end(*_ending(error))
        raise
    finally:
        not_told = notify(summary)
        if not_told is not None:
            summary.warnings.append(not_told)
            PlainConsole(stderr=True, soft_wrap=True).print(f"warning: {not_told}")
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
    server = _server(url, "--publish") if url is not None else None
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
            copied = _copy(output, server, progress) if server else None
        except BuildError as error:
            copied = error
        except (duckdb.Error, OSError, MemoryError) as error:
            copied = BuildError(f"{what_gave_out(error) or first_line(error)}.")
        print_summary(console, output, result, report)
        if isinstance(copied, BuildError):
            raise type(copied)(
                f"{result.published} is published, but the copy to PostgreSQL failed; it keeps the build it had. "
                f"{copied}"
            )
        if copied is not None:
            _print_copied(console, copied)
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


@app.command()
@click.option(
    "--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of the build that is published."
)
@click.option(
    "--to",
    "url",
    envvar="JOURNEY_POSTGRES_URL",
    show_envvar=True,
    required=True,
    metavar="URL",
    help="postgresql://user@host:5432/database, the password in PGPASSWORD.",
)
def publish(out: Path, url: str) -> None:
    """Copy the published marts to schema marts of a PostgreSQL database, for BI tools.

    The role named by JOURNEY_POSTGRES_READER (default journey_reader) may read them. See docs/postgresql.md.
    """
    from customer_journey.progress import Progress

    server = _server(url, "--to")
    console = PlainConsole(width=None if sys.stdout.isatty() else 120)
    _print_copied(console, _copy(Output(out.resolve()), server, Progress(console)))


def _server(url: str, option: str) -> "Server":
    """Parse the URL of PostgreSQL, and hide it in sys.argv, because dbt writes the arguments to its logs."""
    from customer_journey.publishing.postgres_server import URL_VARIABLE, server_of

    sys.argv = [argument.replace(url or "…", "…") for argument in sys.argv]
    return server_of(url, f"{option} or {URL_VARIABLE}")


def _copy(output: Output, server: "Server", progress: "Progress") -> "Published":
    from customer_journey.publishing import postgres

    reader = os.environ.get(postgres.READER_VARIABLE) or postgres.READER
    with progress.step("PostgreSQL") as step:
        return postgres.publish(output, server, reader, step.count)


def _print_copied(console: PlainConsole, copied: "Published") -> None:
    what = f"{copied.marts} marts" if copied.is_new else "was there already,"
    console.print(f"{'postgresql':<14} build {copied.build_id}: {what} in {copied.place}", soft_wrap=True)
    for note in copied.notes:
        console.print(f"{'warning':<14} {note}", soft_wrap=True)


@app.command("rotate-key")
@click.option("--out", type=FOLDER, required=True, help="Output folder to change the key of.")
def rotate_key(out: Path) -> None:
    """Replace the key that persons are hashed with.

    The old key is JOURNEY_HASH_KEY, or the key file in OUT. The new key is JOURNEY_NEW_HASH_KEY; if that is not set, a
    random key is made and kept in OUT. Erased persons stay erased. After the next build,
    marts.bridge_person_changes maps each old person_id to the new one.
    """
    from customer_journey.locking import locked
    from customer_journey.paths import keep_private
    from customer_journey.privacy.keys import rotate

    output = Output(out.resolve())
    if not output.root.is_dir():
        raise InputError(f"--out {output.root}: no such folder. Name the output folder of a build.")
    os.umask(PRIVATE)
    with locked(output):
        rotation = rotate(output)
        keep_private(output)
    where = (
        f"in {rotation.file}: unset JOURNEY_HASH_KEY, and keep a copy of the file elsewhere"
        if rotation.file
        else "that of JOURNEY_NEW_HASH_KEY: set JOURNEY_HASH_KEY to it from now on"
    )
    click.echo(
        f"The key of {output.root} has changed (fingerprint {rotation.fingerprint}). The new one is {where}.\n"
        f"Build it again: until then the published person_ids are hashed with the old key."
    )


@app.command()
@click.option("--out", type=FOLDER, required=True, help="Folder to write the raw tables to.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Size: 1 is the demo, 800 about 100M web events.",
)
@click.option("--seed", type=int, help="The same seed makes the same company. Default: that of examples/demo.")
@click.option("--truth", type=FOLDER, help="Folder for the true values that the tables were generated from.")
@click.option(
    "--dirt",
    type=click.Choice(["usual", "heavy"]),
    default="usual",
    show_default=True,
    help="Data quality problems. heavy adds missing purchase events, repeated survey answers, trials, walk-ins, "
    "estimated closing dates, opens by mail scanners and times without an offset.",
)
def demo(out: Path, scale: float, seed: int | None, truth: Path | None, dirt: str) -> None:
    """Write the raw tables of the demo company, at any size."""
    if truth is not None and dirt == "heavy":
        raise click.UsageError("--truth cannot be combined with --dirt heavy. Leave one of them out.")
    from demo_company import SEED, generate

    from customer_journey.progress import Progress

    console = PlainConsole()
    with Progress(console).step("Demo company") as step:
        generate(
            out,
            scale=scale,
            seed=SEED if seed is None else seed,
            truth=truth,
            is_heavy=dirt == "heavy",
            on_progress=step.share,
        )
    console.print(f"Build it with: scripts/build --raw {out}", highlight=False, soft_wrap=True)


@app.command()
@click.argument("one", type=FOLDER)
@click.argument("other", type=FOLDER)
@click.option("--examples", type=click.IntRange(min=1), default=3, show_default=True, help="Rows shown of each mart.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown"]),
    default="text",
    show_default=True,
    help="markdown: a table for a pull request; it counts rows and names columns, and shows no value of any row.",
)
def diff(one: Path, other: Path, examples: int, style: str) -> None:
    """Compare the published marts of the output folders ONE and OTHER row by row; exit with 1 if any differs."""
    from customer_journey.comparison.compare import compare
    from customer_journey.publishing.published import published_file

    one_file, other_file = (published_file(Output(folder.resolve())) for folder in (one, other))
    marts, differences = compare(one_file, other_file, examples)
    if style == "markdown":
        from customer_journey.comparison.markdown import as_markdown

        click.echo(as_markdown(marts, differences), nl=False)
    else:
        console = PlainConsole(soft_wrap=True)
        for difference in differences:
            console.print(f"{difference.mart}: {difference.rows:,} rows differ, {difference.equal:,} are equal")
            for example in difference.examples:
                console.print(f"  {example}")
        console.print(f"{marts} marts compared, {len(differences)} differ")
    if differences:
        sys.exit(ExitCode.CHECK_FAILED)


@app.command("lift-erasure")
@click.option("--out", type=FOLDER, required=True, help="Output folder of the build that erased.")
@click.option("--request", required=True, help="request_id of the erasure, as OUT/erasure_receipts.csv lists it.")
def lift_erasure(out: Path, request: str) -> None:
    """Take a person off the suppression list, so that rows of theirs delivered from now on are used again."""
    from customer_journey.locking import locked
    from customer_journey.privacy import erasure

    output = Output(out.resolve())
    if not output.warehouse.exists():
        raise InputError(f"{output.root}: nothing was built here. Name the output folder of the build that erased.")
    os.umask(PRIVATE)
    with locked(output):
        if not erasure.lift(output.warehouse, request):
            raise InputError(
                f"--request {request}: nobody was erased for this request. Take a request_id of "
                f"{output.erasure_receipts}."
            )
    print("Lifted. The erased rows are not restored: deliver the person's rows again in a new file.")


@app.command("export-audience")
@click.argument("query")
@click.option(
    "--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of the build that is published."
)
@click.option("--purpose", default="marketing", show_default=True, help="Purpose that persons must have consented to.")
@click.option(
    "--identifier",
    type=click.Choice(["email", "phone", "contact_id"]),
    default="email",
    show_default=True,
    help="The identifier to write for each person.",
)
@click.option("--to", "file", type=FOLDER, help="New CSV file, readable by you alone. Without it: only count persons.")
@click.option(
    "--without-consent",
    metavar="REASON",
    help="Include persons without any consent row, for this reason, which is logged. Never those who withdrew.",
)
def export_audience(
    query: str, out: Path, purpose: str, identifier: str, file: Path | None, without_consent: str | None
) -> None:  # fmt: skip
    """Write the e-mails, phones or contact ids of the persons that QUERY selects and that have given consent.

    QUERY is a condition on marts.dim_persons and any mart that it names, such as "where is_known and
    kpi_clv.p_alive < 0.3", or a whole query, "select person_id from marts.fct_orders where ...". The export is logged
    in private.audience_exports of the private warehouse. See docs/audiences.md.
    """
    from customer_journey.privacy.audience import Request, export

    if without_consent is not None and not without_consent.strip():
        raise InputError('--without-consent needs a reason, for example "service notice on their own orders".')
    os.umask(PRIVATE)
    request = Request(query, purpose.strip().lower(), identifier, without_consent, file and file.absolute())
    audience = export(Output(out.resolve()), request)
    console = PlainConsole(soft_wrap=True)
    counts = {
        "persons matched": (audience.matched, ""),
        "internal": (audience.internal, "left out"),
        "asked to be erased": (audience.to_be_erased, "left out"),
        "without consent": (
            audience.withdrawn + audience.never_asked,
            f"left out: {audience.withdrawn:,} withdrew, {audience.never_asked:,} never gave it for {request.purpose}",
        ),
        f"without {identifier}": (audience.without_identifier, f"left out: no {identifier} that is theirs alone today"),
        "written": (len(audience.identifiers) if file else 0, str(request.file or "")),
    }
    for label, (count, text) in counts.items():
        console.print(f"{label:<20} {count:>9,}  {text if count or label == 'written' else ''}".rstrip())
    if file is None:
        console.print(
            f"{len(audience.identifiers):,} persons can be exported: --to FILE.csv writes them and logs the export."
        )


@app.command("export-mart")
@click.argument("mart", required=False)
@click.option(
    "--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of the build that is published."
)
@click.option(
    "--to", "place", type=FOLDER, required=True, help="New file, .csv or .parquet; a folder if all marts are written."
)
@click.option("--where", metavar="CONDITION", help="Rows to write, as an SQL condition: \"dimension = 'all'\".")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    help="Format if all marts are written. [default: csv]",
)
@click.option("--overwrite", is_flag=True, help="Replace files that already exist.")
def export_mart(
    mart: str | None, out: Path, place: Path, where: str | None, file_format: str | None, overwrite: bool
) -> None:
    """Write a published MART, or all marts, as CSV for spreadsheets or as Parquet.

    The marts hold no names, but their rows of persons are pseudonymous personal data: protect the files as you protect
    OUT/journey.duckdb. See docs/bi.md.
    """
    from customer_journey.publishing import export_mart as exports

    if mart is None and where is not None:
        raise InputError(
            "--where needs the name of a mart, for example: journey export-mart kpi_funnel --where … --to FILE.csv."
        )
    if mart is not None and file_format is not None:
        raise InputError("--format is only for all marts. For one mart, end --to in .csv or .parquet.")
    output, console = Output(out.resolve()), PlainConsole(soft_wrap=True)
    if mart is None:
        written = exports.export_all(output, place.absolute(), file_format or "csv", overwrite=overwrite)
    else:
        written = iter([exports.export_mart(output, mart, place.absolute(), where, overwrite=overwrite)])
    for exported in written:
        console.print(f"{exported.mart}: {exported.rows:,} rows written to {exported.file}")


@app.command()
@click.option(
    "--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of the build, published or not."
)
@click.option("--table", help="Only this raw table, such as crm/contacts.")
@click.option("--reason", help="Only this reason code of docs/reason_codes.md.")
@click.option("--raw", type=FOLDER, help="Raw folder: rows that an adapter made are then named by row of the export.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Rows shown.")
@click.option("--to", "file", type=FOLDER, help="New CSV file for all the rows, readable by you alone.")
def quarantine(
    out: Path, table: str | None, reason: str | None, raw: Path | None, limit: int, file: Path | None
) -> None:  # fmt: skip
    """List the rows that the last build refused: file, row, reason, column and value, and what to do.

    The values may be personal data, so they come from the private warehouse. Works after a failed build too.
    """
    from customer_journey.landing.quarantine import HEADER, lines, refused_rows
    from customer_journey.privacy.private_files import check_place, write_private

    output = Output(out.resolve())
    if file is not None:
        check_place(file.absolute(), output)
    rows = refused_rows(output, table, reason, raw)
    console = PlainConsole(soft_wrap=True)
    for line in lines(rows, limit):
        console.print(line)
    if file is not None:
        write_private(file.absolute(), HEADER, [row.cells() for row in rows])
        console.print(f"{len(rows):,} rows written to {file.absolute()}, which only you can read.")


@app.command()
@click.option(
    "--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of the build that is published."
)
def report(out: Path) -> None:
    """Write OUT/report/index.html again: the published marts as one page that opens without a network."""
    from report.page import write_report

    print(write_report(Output(out.resolve())))


@app.command()
@click.option("--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of a build.")
def docs(out: Path) -> None:
    """Write OUT/docs/index.html: descriptions, lineage and SQL of every model, as one page that needs no network.

    It is dbt's documentation of the last build of OUT, published or not.
    """
    from customer_journey.publishing.model_docs import write_docs

    os.umask(PRIVATE)
    print(write_docs(Output(out.resolve())))


@app.command("compare-engines")
@click.option("--raw", type=FOLDER, help="Folder of raw tables. Default: a small demo company.")
@click.option("--out", type=FOLDER, default=Path("out/engines"), show_default=True, help="Folder for both builds.")
@click.option("--as-of", help="The time that both builds take as now, as 2026-06-30T17:00:00Z.")
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=0.1,
    show_default=True,
    help="Size of the demo company, if --raw is not given.",
)
@click.pass_context
def compare_engines(context: click.Context, raw: Path | None, out: Path, as_of: str | None, scale: float) -> None:
    """Build the same raw tables on DuckDB and on Spark, and compare every published mart."""
    if raw is None:
        raw = out / "raw"
        context.invoke(demo, out=raw, scale=scale)
    for target in ("duckdb", "spark"):
        context.invoke(build, raw=raw, out=out / target, as_of=as_of, target=target)
    context.invoke(diff, one=out / "duckdb", other=out / "spark")


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


def main() -> None:
    """Run the command line; every expected failure is one line on standard error and a documented exit code."""
    # on a full disk, logging would print a traceback for each line that it cannot write
    logging.raiseExceptions = False
    code = _run()
    if "pyspark" in sys.modules:
        # its threads keep DuckDB's module alive, which prints a long warning about that at exit
        sys.stderr.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    sys.exit(code)


def _run() -> int:
    try:
        app(standalone_mode=False)
    except BaseException as error:
        code, line = _ending(error)
        if line is not None:
            _say(line)
        return code
    return ExitCode.PUBLISHED


def _ending(error: BaseException) -> tuple[int, str | None]:
    """Return the exit code of an error and the line that says it, None where it has been said."""
    if isinstance(error, BuildError):
        return error.exit_code, str(error)
    if isinstance(error, click.ClickException):
        return ExitCode.UNUSABLE_INPUT, f"{error.format_message()} Try --help."
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return 130, "stopped by the user. The marts published last are unchanged."
    if isinstance(error, SystemExit):
        return int(error.code or 0), None
    if not isinstance(error, Exception):
        raise error
    expected = as_build_error(error)
    if expected is not None:
        return expected.exit_code, str(expected)
    return (
        ExitCode.CHECK_FAILED,
        f"{type(error).__name__}: {first_line(error)} (at {_place(error)}). {_NOT_FORESEEN}",
    )


def _say(text: str) -> None:
    """Print an error as one line on standard error; ignore it if even that cannot be written."""
    with contextlib.suppress(OSError):
        PlainConsole(stderr=True, soft_wrap=True).print(f"error: {plain_line(text)}")


def _place(error: Exception) -> str:
    """Return the file and line where an unexpected error was raised, for the bug report."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "customer_journey" in frame.filename] or frames
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "unknown line"
