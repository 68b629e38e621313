"""The short table at the end of a build."""

import duckdb
from rich.console import Console
from rich.table import Table

from customer_journey.build import BuildResult
from customer_journey.paths import Output
from customer_journey.publish import SCHEMA

ROW_STATES = ("rows_in", "accepted", "duplicates", "quarantined", "deferred", "erased")


def print_summary(console: Console, output: Output, result: BuildResult) -> None:
    """Print what came in, what became of it, how the checks ended and where everything lies."""
    with duckdb.connect(str(output.published), read_only=True) as connection:
        rows = connection.execute(
            f"select source_table, {', '.join(ROW_STATES)} from {SCHEMA}.audit_reconciliation"
            " where rows_in > 0 order by source_table"
        ).fetchall()
        as_of = connection.execute(f"select as_of from {SCHEMA}.build_info").fetchone()
    table = Table(show_edge=False, pad_edge=False, box=None)
    table.add_column("raw table", no_wrap=True, min_width=28)
    for state in ROW_STATES:
        table.add_column(state.replace("_", " "), justify="right")
    for source_table, *counts in rows:
        table.add_row(source_table, *(f"{count:,}" if count else "·" for count in counts))
    totals = [sum(row[position] for row in rows) for position in range(1, len(ROW_STATES) + 1)]
    table.add_section()
    table.add_row("all", *(f"{total:,}" for total in totals), style="bold")
    console.print()
    console.print(table)
    console.print()
    landing = result.landing
    failed = [check for check in result.checks if not check.success]
    lines = {
        "as of": f"{as_of[0]} UTC" if as_of else "",
        "files": f"{landing.files_read} read, {landing.files_known} known already",
        "absent tables": ", ".join(landing.absent_tables) or "none",
        "marts": f"{result.marts} published",
        "checks": f"{len(result.checks) - len(failed)} passed, {len(failed)} warned",
        "published": str(output.published),
        "data docs": str(output.data_docs / "index.html"),
        "dbt": str(output.dbt_target),
    }
    for label, text in lines.items():
        console.print(f"{label:<14} {text}", highlight=False, soft_wrap=True)
    for line in landing.drift:
        console.print(f"{'drift':<14} {line}", highlight=False, soft_wrap=True)
    for check in failed:
        console.print(
            f"{'warning':<14} {check.name} on {check.target}: {check.detail}", highlight=False, soft_wrap=True
        )
