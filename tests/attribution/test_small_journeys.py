"""Eight journeys over four channels, as three independent programs attribute them.

`small_journeys.csv` holds the touches. Expected values were computed by ChannelAttribution (first, last, linear),
marketing-attribution-models (the same, and position based, time decay, Markov removal effects and their shares within a
journey) and mta (Shapley values). Shapley values of marketing-attribution-models are left out: they belong to another
game, in which a coalition earns the journeys with exactly its channels, so values may be negative. mta's linear model
is left out, because it counts a channel once per journey.

The first two touches of j5 have the same timestamp; under the tests' key the hash of j5-a comes before that of j5-b.
"""

import csv
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from tests.support.builds import write_required_tables, write_rows, write_settings
from tests.support.models import build_models

MARTS = ("fct_attribution", "attribution_channel_effects", "attribution_model_comparison", "attribution_paths")
CHANNELS = {"A": "organic_search", "B": "paid_search", "C": "email", "D": "display"}
CREDIT: dict[str, dict[str, float]] = {
    "first_touch": {"A": 3, "B": 1, "C": 1},
    "last_touch": {"B": 2, "C": 3},
    "last_non_direct": {"B": 2, "C": 3},
    "linear": {"A": 4 / 3, "B": 19 / 12, "C": 11 / 6, "D": 1 / 4},
    "position_based": {"A": 1.4, "B": 1.6, "C": 1.9, "D": 0.1},
    "time_decay": {"A": 0.7178571428571429, "B": 1.7857142857142856, "C": 2.3714285714285714, "D": 0.125},
    "markov": {"A": 1.3879310344827585, "B": 1.6354166666666665, "C": 1.8620689655172415, "D": 0.11458333333333334},
    "shapley": {"A": 7 / 6, "B": 5 / 3, "C": 11 / 6, "D": 1 / 3},
}
REVENUE: dict[str, dict[str, float]] = {
    "first_touch": {"A": 240, "B": 50, "C": 30},
    "last_touch": {"B": 130, "C": 190},
    "linear": {"A": 103.33, "B": 103.33, "C": 93.33, "D": 20},
    "position_based": {"A": 110, "B": 102, "C": 100, "D": 8},
    "time_decay": {"A": 56.29, "B": 118.57, "C": 135.14, "D": 10},
    "markov": {"A": 107.82, "B": 107.50, "C": 95.52, "D": 9.17},
}
REMOVAL_EFFECTS = {"A": 0.56, "B": 0.58, "C": 0.60, "D": 0.22}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("journeys")
    raw = root / "raw"
    write_settings(raw, {"as_of": "2024-06-30T00:00:00Z"})
    rows: dict[str, list[dict[str, object]]] = defaultdict(list)
    with Path(__file__).with_name("small_journeys.csv").open(encoding="utf-8", newline="") as stream:
        for touch in csv.DictReader(stream):
            rows["crm/activities"].append(
                {
                    "activity_id": touch["touch_id"],
                    "email": f"{touch['journey_id']}@example.com",
                    "activity_type": "meeting",
                    "channel": CHANNELS[touch["channel"]],
                    "occurred_at": touch["touched_at"],
                }
            )
            if touch["value"]:
                rows["orders/orders"].append(
                    {
                        "order_id": touch["journey_id"],
                        "email": f"{touch['journey_id']}@example.com",
                        "ordered_at": touch["touched_at"],
                        "status": "paid",
                        "total_amount": touch["value"],
                    }
                )
    for label, some in rows.items():
        write_rows(raw, label, some)
    write_required_tables(raw)
    return build_models(raw, root / "out", MARTS)


def _by_channel(published: Path, sql: str) -> dict[str, float]:
    names = {channel: name for name, channel in CHANNELS.items()}
    with duckdb.connect(str(published), read_only=True) as connection:
        return {names[channel]: float(value) for channel, value in connection.execute(sql).fetchall()}


def _sum_of(published: Path, column: str, model: str) -> dict[str, float]:
    return _by_channel(
        published,
        f"select channel, sum({column}) from marts.fct_attribution"
        " inner join marts.fct_conversions using (conversion_id)"
        f" where conversion_type = 'order' and attribution_model = '{model}' group by channel",
    )


@pytest.mark.parametrize("model", CREDIT)
def test_credit(model: str, published: Path) -> None:
    """Credit of each model equals that of the independent programs."""
    assert _sum_of(published, "credit", model) == pytest.approx(CREDIT[model], abs=1e-9)


@pytest.mark.parametrize("model", REVENUE)
def test_revenue(model: str, published: Path) -> None:
    """Revenue adds up to the cent: the rest of rounding goes to one of the touches."""
    assert _sum_of(published, "attributed_revenue", model) == pytest.approx(REVENUE[model], abs=0.0151)


def test_removal_effects(published: Path) -> None:
    """Removal effects equal those of the independent program, since small errors would swap channels that are close."""
    effects = _by_channel(
        published,
        "select channel, removal_effect from marts.attribution_channel_effects"
        " where conversion_type = 'order' and attribution_model = 'markov'",
    )
    assert effects == pytest.approx(REMOVAL_EFFECTS, abs=1e-9)


def test_channel_conversions(published: Path) -> None:
    """Markov: the effects' shares of all five conversions. Shapley: the values themselves."""
    total = sum(REMOVAL_EFFECTS.values())
    for model, expected in {
        "markov": {name: effect / total * 5 for name, effect in REMOVAL_EFFECTS.items()},
        "shapley": CREDIT["shapley"],
    }.items():
        conversions = _by_channel(
            published,
            "select channel, channel_conversions from marts.attribution_channel_effects"
            f" where conversion_type = 'order' and attribution_model = '{model}'",
        )
        assert conversions == pytest.approx(expected, abs=1e-9)


def test_shares_of_models_are_compared(published: Path) -> None:
    """A channel without credit in a model keeps its row with 0; otherwise means over models would leave it out."""
    compared: dict[str, dict[str, tuple[float, float, float]]] = defaultdict(dict)
    names = {channel: name for name, channel in CHANNELS.items()}
    with duckdb.connect(str(published), read_only=True) as connection:
        for model, channel, share, revenue_share, difference in connection.execute(
            "select attribution_model, channel, share, revenue_share, share_difference"
            " from marts.attribution_model_comparison where conversion_type = 'order'"
        ).fetchall():
            compared[model][names[channel]] = share, revenue_share, difference
    for model, credit in CREDIT.items():
        # five conversions with a path
        expected = {name: credit.get(name, 0.0) / 5 for name in CHANNELS}
        assert {name: share for name, (share, _, _) in compared[model].items()} == pytest.approx(expected, abs=1e-9)
    for model, revenue in REVENUE.items():
        # which came to 320
        expected = {name: revenue.get(name, 0.0) / 320 for name in CHANNELS}
        by_revenue = {name: share for name, (_, share, _) in compared[model].items()}
        assert by_revenue == pytest.approx(expected, abs=0.0151 / 320)
    for name in CHANNELS:
        mean = sum(by_channel[name][0] for by_channel in compared.values()) / 9
        for by_channel in compared.values():
            assert by_channel[name][2] == pytest.approx(by_channel[name][0] - mean, abs=1e-9)


def test_shares_have_intervals(published: Path) -> None:
    """By hand: A is first in three of five journeys, each of another customer, D in none.

    The mean square of 0 and 1 about 0.6, over four degrees: 0.3, so the share's variance is 0.06, and it is worth
    0.6 x 0.4 / 0.06 = 4 trials, less what four degrees do not tell: 4 / 1.99649 = 2.00352. Wilson:
    (0.6 + 0.95868 -+ 1.95996 sqrt(0.11979 + 0.23925)) / 2.91736. Of 0 in 5: 0 to 0.76829 / 1.76829.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        bounds = {
            (model, channel): (low, high)
            for model, channel, low, high in connection.execute(
                "select attribution_model, channel, share_low, share_high"
                " from marts.attribution_model_comparison where conversion_type = 'order'"
            ).fetchall()
        }
    assert bounds["first_touch", CHANNELS["A"]] == pytest.approx((0.1317, 0.9368), abs=1e-4)
    assert bounds["first_touch", CHANNELS["D"]] == pytest.approx((0, 0.4345), abs=1e-4)
    # no interval, because the weights of these models are estimates themselves
    assert {model for (model, _), bound in bounds.items() if bound == (None, None)} == {"markov", "shapley"}


def test_paths(published: Path) -> None:
    """Paths to the five orders, with their revenue and length, read off the table of touches.

    The first two touches of the fourth journey have the same timestamp; either may come first.
    """
    with duckdb.connect(str(published), read_only=True) as connection:
        rows = connection.execute(
            "select path, length, conversions, revenue, median_days, share, rank"
            " from marts.attribution_paths where conversion_type = 'order' order by rank"
        ).fetchall()
    a, b, c, d = CHANNELS.values()
    first_two = {" > ".join(pair) for pair in ((a, d), (d, a))}
    paths = [row[0] for row in rows]
    assert paths[1].rsplit(" > ", 2)[0] in first_two
    assert [paths[0], paths[2], paths[3], paths[4]] == [f"{a} > {b} > {c}", f"{a} > {c}", f"{b} > {b}", c]
    assert [(length, n, float(revenue), days) for _, length, n, revenue, days, _, _ in rows] == [
        (3, 1, 100, 14), (4, 1, 80, 14), (2, 1, 60, 14), (2, 1, 50, 7), (1, 1, 30, 0)
    ]  # fmt: skip
    assert [row[5:] for row in rows] == [(0.2, rank) for rank in range(1, 6)]
