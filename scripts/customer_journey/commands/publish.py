"""The command `journey publish`: the published marts to PostgreSQL."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from customer_journey.options import FOLDER
from customer_journey.paths import Output
from customer_journey.terminal import PlainConsole

if TYPE_CHECKING:
    from customer_journey.progress import Progress
    from customer_journey.publishing.postgres import Published
    from customer_journey.publishing.postgres_server import Server


@click.command()
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

    server = parse_server(url, "--to")
    console = PlainConsole(width=None if sys.stdout.isatty() else 120)
    print_copied(console, copy_marts(Output(out.resolve()), server, Progress(console)))


def parse_server(url: str, option: str) -> "Server":
    """Parse the URL of PostgreSQL, and hide it in sys.argv, because dbt writes the arguments to its logs."""
    from customer_journey.publishing.postgres_server import URL_VARIABLE, server_of

    sys.argv = [argument.replace(url or "…", "…") for argument in sys.argv]
    return server_of(url, f"{option} or {URL_VARIABLE}")


def copy_marts(output: Output, server: "Server", progress: "Progress") -> "Published":
    """Copy the published marts to PostgreSQL, readable by the role of JOURNEY_POSTGRES_READER."""
    from customer_journey.publishing import postgres

    reader = os.environ.get(postgres.READER_VARIABLE) or postgres.READER
    with progress.step("PostgreSQL") as step:
        return postgres.publish(output, server, reader, step.count)


def print_copied(console: PlainConsole, copied: "Published") -> None:
    """Print what was copied, and what the database does not grant."""
    what = f"{copied.marts} marts" if copied.is_new else "was there already,"
    console.print(f"{'postgresql':<14} build {copied.build_id}: {what} in {copied.place}", soft_wrap=True)
    for note in copied.notes:
        console.print(f"{'warning':<14} {note}", soft_wrap=True)
