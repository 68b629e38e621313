"""The command `journey clean`."""

from pathlib import Path

import click

from customer_journey.errors import InputError
from customer_journey.locking import locked
from customer_journey.operations.housekeeping import clean as delete
from customer_journey.operations.housekeeping import keep_builds, leftovers
from customer_journey.options import FOLDER
from customer_journey.paths import Output
from customer_journey.terminal import PlainConsole
from customer_journey.warehouse import open_warehouse


@click.command("clean")
@click.option("--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of builds.")
@click.option(
    "--keep", type=click.IntRange(1, 10000), help="Builds whose logs stay. [default: JOURNEY_KEEP_BUILDS, 14]"
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
def clean(out: Path, keep: int | None, dry_run: bool) -> None:
    """Delete logs of old builds, and what builds that were killed have left in OUT.

    Each build deletes old logs itself. Published marts, warehouse, key, receipts and files of yours are never touched.
    """
    output = Output(out.resolve())
    if not output.warehouse.exists() and not output.summary.exists():
        raise InputError(f"--out {output.root}: nothing was built here. Name the --out of your builds.")
    keep = keep_builds() if keep is None else keep
    with locked(output):
        if output.warehouse.exists():
            # if another program has the warehouse open, spill files may be in use: fail here
            open_warehouse(output.warehouse).close()
        found = leftovers(output, keep) if dry_run else delete(output, keep)
    console = PlainConsole(soft_wrap=True)
    what = "would go" if dry_run else "deleted"
    for leftover in found:
        console.print(f"{what:<9} {_megabytes(leftover.size):>9}  {leftover.path}: {leftover.why}")
    console.print(f"{len(found)} found, {_megabytes(sum(leftover.size for leftover in found))}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
