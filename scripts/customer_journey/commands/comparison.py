"""Commands that compare published builds."""

import sys
from pathlib import Path

import click

from customer_journey.commands.build import build
from customer_journey.commands.demo import demo
from customer_journey.errors import ExitCode
from customer_journey.options import FOLDER
from customer_journey.paths import Output
from customer_journey.terminal import PlainConsole


@click.command()
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


@click.command("compare-engines")
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
