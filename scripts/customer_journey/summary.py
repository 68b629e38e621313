"""The summary that is printed at the end of a build."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from customer_journey.build import ROW_STATES, BuildResult
from customer_journey.contract import raw_tables
from customer_journey.errors import RowCounts
from customer_journey.nothing_new import Unchanged
from customer_journey.paths import Output
from customer_journey.privacy.masks import masked
from customer_journey.settings import known_frameworks

# labels of lines that ask for somebody
_TO_ACT_ON = ("to erase", "to decide", "warning")


def print_summary(console: Console, output: Output, result: BuildResult | Unchanged, report: str) -> None:
    """Print the row counts, the results of the checks, the warnings, and the paths of the outputs and the report."""
    if isinstance(result, Unchanged):
        console.print(
            f"nothing is new since build {result.build_id}: the same rows, project, settings and as-of "
            f"({_moment(result.as_of)}). {result.published} is unchanged; to build anyway, add --full-refresh.",
            soft_wrap=True,
        )
        _print_report(console, report)
        return
    print_rows(console, result.rows)
    print_changes(console, [*result.changed_definitions, *result.rows.changes])
    landing = result.landing
    failed = [check for check in result.checks if not check.success]
    lines = {
        "as of": _moment(result.as_of),
        "landed": f"{landing.files_read} files read, {landing.files_known} unchanged",
        "frameworks": f"{len(result.frameworks)} built of {len(known_frameworks())}",
        "marts": f"{result.marts} published",
        "checks": f"{len(result.checks) - len(failed)} passed, {len(failed)} warned",
        "published": result.published,
        "data docs": str(output.data_docs / "index.html"),
        "model docs": str(output.docs) if output.docs.exists() else f"not written; journey docs --out {output.root}",
        "dbt": str(output.root / "dbt"),
    }
    for label, text in lines.items():
        console.print(f"{label:<14} {text}", soft_wrap=True)
    if result.key_news is not None:
        console.print(f"{'hash key':<14} {result.key_news}", soft_wrap=True)
    for label, text in _notices(output, result):
        console.print(f"{label:<14} {text}", soft_wrap=True)
    _print_report(console, report)


def warnings_of(output: Output, result: BuildResult) -> list[str]:
    """Return the lines of a published build that somebody should act on."""
    return [*result.rows.refusals, *(text for label, text in _notices(output, result) if label in _TO_ACT_ON)]


def _notices(output: Output, result: BuildResult) -> Iterator[tuple[str, str]]:
    """Yield what is worth a line of its own: its label, and the line."""
    for relation, rows in result.left_to_erase:
        yield (
            "to erase",
            (f"{relation} still holds {rows:,} rows of erased persons. The build ignores them: delete them there"),
        )
    for request, rows, tables, found in result.erasure_receipts:
        if found:
            yield "erased", f"request {request}: {rows:,} rows of {tables} tables, see {output.erasure_receipts}"
        elif found is False:
            yield "erased", f"request {request}: no row of this person was found. If you know the person, correct it"
    for line in result.waiting_requests:
        yield "to decide", line
    answers = {table.label: table.answers for table in raw_tables()}
    for label in result.landing.absent_tables:
        yield "absent", f"{label}: {answers[label]}"
    for line in result.landing.drift:
        yield "drift", masked(line)
    for line in result.landing.doubles:
        yield "warning", masked(line)
    for check in result.checks:
        if not check.success:
            yield "warning", masked(f"{check.name} on {check.target}: {check.detail}")


def _print_report(console: Console, report: str) -> None:
    console.print(f"{'report':<14} {report}", soft_wrap=True)


def print_rows(console: Console, rows: RowCounts) -> None:
    """Print how many rows were accepted, refused and so on; also for a build that publishes nothing."""
    # refusals come first: a report that lacks half of the orders looks like any other
    for line in rows.refusals:
        console.print(f"{'refused':<14} {masked(line)}", soft_wrap=True)
    table = Table(show_edge=False, pad_edge=False, box=None)
    table.add_column("raw table", no_wrap=True, min_width=28)
    for state in ROW_STATES:
        table.add_column(state.replace("_", " "), justify="right")
    for source_table, *counts in rows.counts:
        table.add_row(source_table, *(f"{count:,}" if count else "·" for count in counts))
    totals = [sum(row[position] for row in rows.counts) for position in range(1, len(ROW_STATES) + 1)]
    table.add_section()
    table.add_row("all", *(f"{total:,}" for total in totals), style="bold")
    console.print()
    console.print(table)
    console.print()


def print_changes(console: Console, lines: Sequence[str]) -> None:
    """Print what differs from the published build: definitions, rows and figures."""
    for line in lines:
        console.print(f"{'changed':<14} {line}", soft_wrap=True)


def _moment(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
