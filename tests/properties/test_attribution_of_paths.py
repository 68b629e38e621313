"""Attribution of many random paths: properties that hold for every path, and a second calculation in plain Python."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from customer_journey.paths import PROJECT

from tests.properties.attribution_models import Attribution
from tests.properties.paths import World, draw_world

PERSONS = 400
MODELS: list[str] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"][
    "attribution_models"
]
# weights from functions of doubles have nine digits, so a share may differ by some units of the ninth
SHARE_ERRORS = {"time_decay": 1e-8, "markov": 1e-8}
Credits = dict[tuple[str, str], float]


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(PERSONS)


@pytest.fixture(scope="module")
def expected(world: World) -> Attribution:
    return Attribution(world)


@pytest.fixture(scope="module")
def folders(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The drawn world and three variants of it, each attributed in its own warehouse."""
    root = tmp_path_factory.mktemp("paths")
    worlds = {
        "drawn": world,
        "reordered": world.reordered(),
        "idle": world.with_idle_visitors("audio", 30),
        "twins": world.with_channels_swapped_in_twins("email", "paid_search"),
    }
    for name, one in worlds.items():
        one.write(root / name)
    folders = {name: root / name for name in worlds}
    command = [sys.executable, "-m", "tools.attribution_alone", *map(str, folders.values())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return folders


def _query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _credits(folder: Path) -> dict[str, Credits]:
    """Return credit by model, conversion and touchpoint, where a touchpoint has credit."""
    credits: dict[str, Credits] = defaultdict(dict)
    columns = "attribution_model, conversion_id, touchpoint_id, credit"
    for model, conversion, touchpoint, credit in _query(folder, f"select {columns} from marts.fct_attribution"):
        if touchpoint is not None and credit > 0:
            credits[model][conversion, touchpoint] = float(credit)
    return credits


def _effects(folder: Path, model: str, column: str) -> dict[tuple[str, str], float]:
    rows = _query(
        folder,
        f"select conversion_type, channel, {column} from marts.attribution_channel_effects"
        f" where attribution_model = '{model}'",
    )
    return {(conversion_type, channel): value for conversion_type, channel, value in rows}


def test_drawn_paths_are_of_every_kind(expected: Attribution) -> None:
    """The drawn paths vary in all ways that matter; otherwise their properties would prove little."""
    lengths = [len(path.touches) for path in expected.paths]
    assert {0, 1, 2, 3, 4, 5} <= set(lengths)
    assert sum(length > 2 for length in lengths) > 50
    assert any(set(path.channels) == {"direct"} for path in expected.paths)
    assert any(len({touch.touched_at for touch in path.touches}) < len(path.touches) for path in expected.paths)
    assert sum(len(path.turns) == 2 and len(path.touches) > 3 for path in expected.paths) > 5


@pytest.mark.parametrize("model", MODELS)
def test_credit_is_what_plain_python_gives(model: str, folders: dict[str, Path], expected: Attribution) -> None:
    """Credit of every model equals the calculation in plain Python."""
    error = SHARE_ERRORS.get(model, 1e-9)
    assert _credits(folders["drawn"])[model] == pytest.approx(expected.credits(model), abs=error)


@pytest.mark.parametrize("model", SHARE_ERRORS)
def test_weights_of_nine_digits(model: str, folders: dict[str, Path], expected: Attribution) -> None:
    """Rounding of time decay weights to nine digits changes only the last digits."""
    rows = _query(
        folders["drawn"],
        f"select conversion_id, touchpoint_id, weight from intermediate.{model}"
        " inner join intermediate.int_paths using (conversion_number, touch_number)",
    )
    actual = {(conversion, touchpoint): float(weight) for conversion, touchpoint, weight in rows}
    assert actual == pytest.approx(expected.weights(model), abs=1e-9)


def test_removal_effects(folders: dict[str, Path], expected: Attribution) -> None:
    """Removal effects equal those of a chain solved in plain Python; SQL solves it by repeated squaring."""
    actual = _effects(folders["drawn"], "markov", "removal_effect")
    assert actual == pytest.approx(expected.removal_effects, abs=1e-9)


def test_shapley_values(folders: dict[str, Path], expected: Attribution) -> None:
    """Shapley values of the short form in SQL equal the enumeration of all coalitions."""
    actual = _effects(folders["drawn"], "shapley", "shapley_value")
    for conversion_type in expected.conversion_types:
        of_type = {channel: value for (kind, channel), value in actual.items() if kind == conversion_type}
        assert of_type == pytest.approx(expected.shapley_values(conversion_type), abs=1e-9)


def test_credit_sums_to_one(folders: dict[str, Path], world: World) -> None:
    """Credit of each conversion sums to exactly 1 in each model."""
    revenue = {conversion.conversion_id: conversion.revenue for conversion in world.conversions}
    sums = _query(
        folders["drawn"],
        "select attribution_model, conversion_id, sum(credit), sum(attributed_revenue)"
        " from marts.fct_attribution group by all",
    )
    assert len(sums) == len(MODELS) * len(revenue)
    assert [row for row in sums if row[2] != 1 or row[3] != revenue[row[1]]] == []


def test_one_touch_takes_all(folders: dict[str, Path], expected: Attribution) -> None:
    """All models agree on paths with one touch."""
    single = {
        (path.conversion.conversion_id, path.touches[0].touchpoint_id): 1.0
        for path in expected.paths
        if len(path.touches) == 1
    }
    conversions = {conversion for conversion, _ in single}
    for model, credits in _credits(folders["drawn"]).items():
        assert {key: credit for key, credit in credits.items() if key[0] in conversions} == single, model


def test_rows_may_come_in_any_order(folders: dict[str, Path]) -> None:
    """Credit does not depend on the order of rows."""
    columns = "attribution_model, conversion_id, touchpoint_id, channel, credit, attributed_revenue"
    drawn, reordered = (
        sorted(_query(folders[name], f"select {columns} from marts.fct_attribution"), key=str)
        for name in ("drawn", "reordered")
    )
    assert drawn == reordered


def test_channel_that_converts_nobody_changes_nothing(folders: dict[str, Path]) -> None:
    """A channel whose visitors never convert gets no credit and changes no effect of other channels."""
    assert _credits(folders["idle"]) == _credits(folders["drawn"])
    effects = _effects(folders["idle"], "markov", "removal_effect")
    idle = {key: effects.pop(key) for key in list(effects) if key[1] == "audio"}
    assert idle == {key: 0 for key in idle}
    assert effects == pytest.approx(_effects(folders["drawn"], "markov", "removal_effect"), abs=1e-12)
    shapley = _effects(folders["drawn"], "shapley", "shapley_value")
    assert _effects(folders["idle"], "shapley", "shapley_value") == pytest.approx(shapley, abs=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_channels_that_change_places_are_worth_the_same(model: str, folders: dict[str, Path]) -> None:
    """Channels that play the same part in the paths of twins get the same credit, whatever their names."""
    by_channel = dict(
        _query(
            folders["twins"],
            "select channel, sum(credit) from marts.fct_attribution"
            f" where attribution_model = '{model}' group by channel",
        )
    )
    assert float(by_channel["email"]) == pytest.approx(float(by_channel["paid_search"]), abs=1e-8)
    if model == "shapley":
        values = _effects(folders["twins"], "shapley", "shapley_value")
        for conversion_type in {kind for kind, _ in values}:
            email, paid = values[conversion_type, "email"], values[conversion_type, "paid_search"]
            assert email == pytest.approx(paid, abs=1e-9)
