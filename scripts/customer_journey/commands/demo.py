"""The command `journey demo`."""

from pathlib import Path

import click

from customer_journey.options import FOLDER
from customer_journey.terminal import PlainConsole


@click.command()
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
