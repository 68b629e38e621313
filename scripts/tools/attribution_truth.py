"""Measures the error of each attribution model against the true channel effects, which the demo generator knows."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import click
import duckdb
from customer_journey.errors import InputError
from customer_journey.paths import Output
from customer_journey.progress import Progress
from demo_company import generate
from rich.console import Console
from rich.table import Table

# The generator's true effects concern first purchases of consumers, so only credit for new consumers is compared.
_CREDIT = """
select attribution.attribution_model, attribution.channel, sum(attribution.credit)
from marts.fct_attribution as attribution
inner join marts.fct_conversions as conversions using (conversion_id)
inner join marts.dim_persons as persons using (person_id)
where conversions.conversion_type = 'customer' and persons.customer_type = 'b2c'
group by all
"""


def true_shares(effects: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return each channel's share of the conversions that channels caused; 0 for channels without positive effect."""
    lost = {
        channel: max(0.0, effect["expected_conversions"] - effect["expected_conversions_without"])
        for channel, effect in effects.items()
    }
    return {channel: loss / sum(lost.values()) for channel, loss in lost.items()}


def mean_error(truth: Mapping[str, float], credit: Mapping[str, float]) -> float:
    """Return the mean absolute error of a model's shares over the channels of the truth."""
    known = {channel: credit.get(channel, 0.0) for channel in truth}
    total = sum(known.values())
    return sum(abs(known[channel] / total - share) for channel, share in truth.items()) / len(truth)


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Output folder of a build of the demo.",
)
def report(out: Path) -> None:
    """Compare each attribution model's channel shares in a build of the demo with the true shares of its generator."""
    published = Output(out.resolve()).published
    if not published.exists():
        raise InputError(f"{out}: has no published demo. Build one with scripts/build --out {out}.")
    console = Console()
    with tempfile.TemporaryDirectory() as temporary, Progress(console).step("Demo company") as step:
        truth_folder = Path(temporary) / "truth"
        generate(Path(temporary) / "raw", truth=truth_folder, on_progress=step.share)
        effects = json.loads((truth_folder / "channel_effects.json").read_text(encoding="utf-8"))
    truth = true_shares(effects)
    credit: dict[str, dict[str, float]] = defaultdict(dict)
    with duckdb.connect(str(published), read_only=True) as connection:
        for model, channel, value in connection.execute(_CREDIT).fetchall():
            credit[model][channel] = float(value)
    table = Table("model", "mean error, points", "greatest overrated", "greatest underrated", box=None)
    for model, by_channel in sorted(credit.items(), key=lambda item: mean_error(truth, item[1])):
        total = sum(by_channel.get(channel, 0.0) for channel in truth)
        off = {channel: 100 * (by_channel.get(channel, 0.0) / total - share) for channel, share in truth.items()}
        over, under = max(off, key=lambda channel: off[channel]), min(off, key=lambda channel: off[channel])
        error = 100 * mean_error(truth, by_channel)
        table.add_row(model, f"{error:.2f}", f"{over} {off[over]:+.1f}", f"{under} {off[under]:+.1f}")
    console.print(table)


if __name__ == "__main__":
    report()
