"""Compares the cost of the attribution models with other packages, on the same generated paths and in the same run."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
from customer_journey.paths import PROJECT, Output
from customer_journey.progress import Progress
from rich.console import Console
from rich.table import Table

from tools.attribution_alone import create_inputs
from tools.bench import Cost, measure

CHANNELS = (
    "direct", "organic_search", "paid_search", "email", "paid_social", "referral", "display", "organic_social",
    "affiliates", "store",
)  # fmt: skip
# the chance that a touch is the last of its path, which gives 2.5 touches per path on average; longest path
_ENDS, _LONGEST = 0.4, 20
_CONVERTS = 0.4
_DAY = 86_400

# The lower bound for any path-based model: sorting all touches into path order.
_FLOOR = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True, config={"memory_limit": "4GB"})
connection.sql(
    "select max(row_number) from (select row_number() over (partition by person_id order by touched_at, touchpoint_id)"
    " as row_number from intermediate.int_touchpoints)"
).fetchall()
"""
_READ = """
import pandas as pd, sys
paths = pd.read_csv(sys.argv[1])
"""
_CHANNEL_ATTRIBUTION = (
    "import ChannelAttribution"
    + _READ
    + """
result = ChannelAttribution.markov_model(
    paths, "path", "conversions", var_null="no_conversion", out_more=True, conv_par=float(sys.argv[3]), flg_pro=False
)
result["removal_effects"].to_csv(sys.argv[2], index=False)
"""
)
_MAM = (
    "from mam import MAM"
    + _READ
    + """
paths["converted"] = paths["conversions"] > 0
paths["hours"] = paths["path"].map(lambda path: " > ".join("0" for _ in path.split(" > ")))
models = MAM(
    paths.reset_index(names="journey"), format_type="journey", user_id_colname="journey", channels_colname="path",
    journey_with_conv_colname="converted", time_till_conv_colname="hours",
)
for name in sys.argv[3].split(","):
    result = getattr(models, "run_" + name)()
if "markov" in sys.argv[3]:
    effects = result.metadata["removal_effect"]
    effects.rename_axis("channel_name").reset_index().to_csv(sys.argv[2], index=False)
"""
)


@dataclass(frozen=True)
class Rival:
    """Another package: its requirements, the code to run on the paths, and how it reports its removal effects."""

    name: str
    requirements: tuple[str, ...]
    program: str
    argument: str


RIVALS = (
    # matplotlib: the package imports it without declaring it as a dependency
    Rival(
        "ChannelAttribution: Markov, stops at 5 %",
        ("ChannelAttribution", "matplotlib"),
        _CHANNEL_ATTRIBUTION,
        "0.05",
    ),
    Rival(
        "ChannelAttribution: Markov, stops at 0.5 %",
        ("ChannelAttribution", "matplotlib"),
        _CHANNEL_ATTRIBUTION,
        "0.005",
    ),
    Rival("marketing-attribution-models: Markov", ("marketing-attribution-models",), _MAM, "markov"),
    Rival(
        "marketing-attribution-models: six models",
        ("marketing-attribution-models",),
        _MAM,
        "first_click,last_click,linear,position_based,time_decay,markov",
    ),
)


def write_paths(folder: Path, paths: int) -> None:
    """Generate the same paths in every run, as the models' two input tables and as a CSV with one row per path.

    The number of touches per path is geometric, with a mean of 2.5 and at most 20; the nth of the ten channels is drawn
    in proportion to 1/n; a touch follows the previous one within three days; 40 % of paths end in an order.
    """
    random = np.random.Generator(np.random.PCG64(7))
    lengths = np.minimum(random.geometric(_ENDS, paths), _LONGEST)
    converts = random.random(paths) < _CONVERTS
    first = np.cumsum(lengths) - lengths
    touches = int(lengths.sum())
    popularity = 1 / np.arange(1, len(CHANNELS) + 1)
    pauses = random.integers(1, 3 * _DAY, touches)
    pauses[first] = 0
    elapsed = np.cumsum(pauses)
    seconds = np.repeat(random.integers(0, 300 * _DAY, paths) - elapsed[first], lengths) + elapsed
    channels = pa.array(CHANNELS).take(
        pa.array(random.choice(len(CHANNELS), touches, p=popularity / popularity.sum()).astype(np.int8))
    )
    touch_rows = pa.table(
        {
            "person": np.repeat(np.arange(paths), lengths),
            "number": np.arange(touches),
            "seconds": seconds,
            "channel": channels,
        }
    )
    order_rows = pa.table(
        {
            "person": np.flatnonzero(converts),
            "seconds": seconds[first + lengths - 1][converts] + 60,
            "revenue": random.integers(1, 500, int(converts.sum())),
        }
    )
    with create_inputs(folder) as connection:
        connection.register("touch_rows", touch_rows)
        connection.register("order_rows", order_rows)
        # ids as long as those of a real warehouse, so that the cost is realistic
        connection.execute(
            "insert into intermediate.int_touchpoints select left(sha256('touch' || number), 32),"
            " left(sha256('person' || person), 32),"
            " timestamp '2025-01-01' + to_seconds(seconds), channel, '(none)', true from touch_rows"
        )
        connection.execute(
            "insert into marts.fct_conversions (conversion_id, person_id, conversion_type, converted_at, revenue)"
            " select left(sha256('order' || person), 32), left(sha256('person' || person), 32), 'order',"
            " timestamp '2025-01-01' + to_seconds(seconds), revenue from order_rows"
        )
        connection.execute(
            f"copy (select string_agg(touch_rows.channel, ' > ' order by number) as path,"
            " count(distinct order_rows.person) as conversions,"
            " 1 - count(distinct order_rows.person) as no_conversion"
            " from touch_rows left join order_rows on touch_rows.person = order_rows.person"
            f" group by touch_rows.person) to '{folder / 'paths.csv'}' (header)"
        )


def _environment(folder: Path, requirements: tuple[str, ...]) -> Path:
    """Install packages in a temporary virtual environment and return its Python."""
    uv = shutil.which("uv") or str(PROJECT / ".venv-uv" / "bin" / "uv")
    python = folder / "bin" / "python"
    if not python.exists():
        for command in (
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", str(python), *requirements],
        ):
            subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder.parent)
    return python


def _run_rival(rival: Rival, folder: Path, effects: Path) -> Cost:
    try:
        python = _environment(folder / f"with-{rival.requirements[0]}", rival.requirements)
    except (OSError, subprocess.CalledProcessError) as error:
        message = getattr(error, "stderr", None) or str(error)
        raise click.ClickException(f"not installed: {message.strip().splitlines()[-1]}") from error
    return measure(
        [str(python), "-c", rival.program, str(folder / "world" / "paths.csv"), str(effects), rival.argument]
    )


def _greatest_error(world: Path, effects: Path) -> float:
    """Return the largest absolute difference between another package's removal effects and those of this project."""
    import duckdb

    with duckdb.connect(str(Output(world).warehouse), read_only=True) as connection:
        [(error,)] = connection.execute(
            "select max(abs(theirs.removal_effect - ours.removal_effect)) from read_csv(?) as theirs"
            " inner join intermediate.int_markov_effects as ours on theirs.channel_name = ours.channel",
            [str(effects)],
        ).fetchall()
    return float(error)


@click.command()
@click.option("--paths", type=click.IntRange(min=1), default=1_000_000, show_default=True)
def bench(paths: int) -> None:
    """Attribute the same generated paths with this project and with other packages, and print the cost of each."""
    # names are long: do not wrap the table when the output is a file
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table("", "wall s", "CPU s", "CPU / floor", "memory GB", "removal effects off by", box=None)
    ours = [sys.executable, "-m", "tools.attribution_alone"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        world, nothing = folder / "world", folder / "nothing"
        with Progress(console).step("Paths"):
            write_paths(world, paths)
            create_inputs(nothing).close()
            # parse the dbt project once beforehand, so that neither run below is charged for it
            measure([*ours, "--without-credits", str(nothing)])
        floor = measure([sys.executable, "-c", _FLOOR, str(Output(world).warehouse)])

        def add(name: str, cost: Cost, error: float | None = None) -> None:
            off = "" if error is None else f"{error:.1e}"
            numbers = (
                f"{cost.wall:.1f}",
                f"{cost.cpu:.1f}",
                f"{cost.cpu / floor.cpu:.1f}",
                f"{cost.peak_bytes / 1e9:.2f}",
            )
            table.add_row(name, *numbers, off)

        add("floor: touches sorted once", floor)
        add("this project: dbt's start, no paths", measure([*ours, "--without-credits", str(nothing)]))
        with Progress(console).step("This project"):
            add("this project: nine models, a weight a touch", measure([*ours, "--without-credits", str(world)]), 0)
            add("this project: the same and fct_attribution", measure([*ours, str(world)]))
        for rival in RIVALS:
            with Progress(console).step(rival.name):
                effects = folder / "effects.csv"
                effects.unlink(missing_ok=True)
                try:
                    cost = _run_rival(rival, folder, effects)
                except click.ClickException as error:
                    table.add_row(rival.name, error.message[:60])
                    continue
                add(rival.name, cost, _greatest_error(world, effects) if effects.exists() else None)
    console.print(table)


if __name__ == "__main__":
    bench()
