"""Paths of persons to the last stage or out of the funnel, recounted one person at a time."""

from collections import Counter, defaultdict
from statistics import median

import duckdb
import pytest

from tests.support.demo import Demo
from tests.support.journeys import Journeys, seed

SHOWN = 100
LONGEST = 10


@pytest.mark.parametrize("framework", ["adahub_crm", "five_a"])
def test_paths(demo: Demo, framework: str) -> None:
    """Each path, with its persons and outcomes; a path ends at the goal, and stages outside the funnel are no goal."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        journeys = Journeys(connection, framework)
        rows = connection.execute(
            "select rank, path, stage_count, persons, advanced, left_persons, in_progress, conversion_rate,"
            " share_of_advanced, share_of_left, median_days from marts.journey_paths where framework = ? order by rank",
            [framework],
        ).fetchall()
    goal = min(
        journeys.ranks[row["stage"]]
        for row in seed("framework_stage_definitions")
        if row["framework"] == framework and row["definition"] == "customer"
    )
    persons: Counter[str] = Counter()
    advanced: Counter[str] = Counter()
    left: Counter[str] = Counter()
    lengths: dict[str, int] = {}
    days: defaultdict[str, list[float]] = defaultdict(list)
    for stays in journeys.stays.values():
        if not any(stay.stage in journeys.funnel for stay in stays):
            continue
        reached = next((number for number, stay in enumerate(stays) if journeys.ranks[stay.stage] >= goal), None)
        has_left = reached is None and stays[-1].stage not in journeys.funnel
        steps = [stay.stage for stay in stays[: -1 if has_left else reached]]
        path = " > ".join([*steps[:LONGEST], *(["…"] if len(steps) > LONGEST else [])]) or "(direct)"
        persons[path] += 1
        left[path] += has_left
        lengths[path] = min(len(steps), lengths.get(path, len(steps)))
        if reached is not None:
            advanced[path] += 1
            days[path].append((stays[reached].entered_at - stays[0].entered_at).total_seconds() / 86400)

    paths = sorted(persons, key=lambda path: (-persons[path], path))[:SHOWN]
    assert [row[:7] for row in rows] == [
        (
            rank,
            path,
            lengths[path],
            persons[path],
            advanced[path],
            left[path],
            persons[path] - advanced[path] - left[path],
        )
        for rank, path in enumerate(paths, start=1)
    ]
    for (*_, rate, share_of_advanced, share_of_left, median_days), path in zip(rows, paths, strict=True):
        ended = advanced[path] + left[path]
        assert rate == (pytest.approx(advanced[path] / ended, abs=1e-9) if ended else None), path
        assert share_of_advanced == pytest.approx(advanced[path] / advanced.total(), abs=1e-9), path
        assert share_of_left == pytest.approx(left[path] / left.total(), abs=1e-9), path
        assert median_days == (pytest.approx(median(days[path]), abs=1e-9) if days[path] else None), path
