"""Commands that write the pages of a build again."""

import os
from pathlib import Path

import click

from customer_journey.options import FOLDER
from customer_journey.paths import PRIVATE_UMASK, Output


@click.command()
@click.option(
    "--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of the build that is published."
)
def report(out: Path) -> None:
    """Write OUT/report/index.html again: the published marts as one page that opens without a network."""
    from report.page import write_report

    print(write_report(Output(out.resolve())))


@click.command()
@click.option("--out", type=FOLDER, default=Path("out"), show_default=True, help="Output folder of a build.")
def docs(out: Path) -> None:
    """Write OUT/docs/index.html: descriptions, lineage and SQL of every model, as one page that needs no network.

    It is dbt's documentation of the last build of OUT, published or not.
    """
    from customer_journey.publishing.model_docs import write_docs

    os.umask(PRIVATE_UMASK)
    print(write_docs(Output(out.resolve())))
