"""Commands that write published marts and refused rows to files."""

from pathlib import Path

import click

from customer_journey.errors import InputError
from customer_journey.options import FOLDER
from customer_journey.paths import Output
from customer_journey.terminal import PlainConsole


@click.command("export-mart")
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


@click.command()
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
