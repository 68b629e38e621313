"""Stages of many random histories: properties that hold for every person, and the results of the contract's words."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from customer_journey.paths import PROJECT

from tests.properties.frameworks import Episode, frameworks_of
from tests.properties.histories import AS_OF, draw_histories, raw_rows
from tests.support.builds import write_required_tables, write_rows, write_settings
from tests.support.models import build_models

HISTORIES = 400
MARTS = (
    "fct_stage_evidence",
    "fct_stage_entries",
    "fct_stage_transitions",
    "fct_stage_population_daily",
    "kpi_funnel",
)
WINDOW = timedelta(days=90)
NOW = AS_OF.replace(tzinfo=None)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("histories")
    raw = root / "raw"
    write_settings(raw, {"as_of": AS_OF.isoformat()})
    for label, rows in raw_rows(draw_histories(HISTORIES)).items():
        write_rows(raw, label, rows)
    write_required_tables(raw)
    return build_models(raw, root / "out", MARTS)


def _query(published: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def evidence(published: Path) -> dict[str, list[Episode]]:
    episodes: dict[str, list[Episode]] = defaultdict(list)
    rows = "select person_id, stage, entered_at, left_at, is_override from marts.fct_stage_evidence"
    for person, *episode in _query(published, rows):
        episodes[person].append(Episode(*episode))
    return episodes


@pytest.fixture(scope="module")
def stays(published: Path) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    """Stage, entry and exit of each stay, by framework and person."""
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    rows = "select framework, person_id, stage, entered_at, exited_at from marts.fct_stage_entries order by entered_at"
    for framework, person, *stay in _query(published, rows):
        found[framework, person].append(tuple(stay))
    return found


FRAMEWORKS = frameworks_of(PROJECT / "seeds")


def test_histories_are_varied(evidence: dict[str, list[Episode]]) -> None:
    """The drawn histories vary enough; otherwise their properties would prove little."""
    met = {episode.definition for episodes in evidence.values() for episode in episodes}
    assert met >= {
        definition for one in FRAMEWORKS.values() for some in one.definitions.values() for definition in some
    } - {"renewed"}
    assert any(episode.is_override for episodes in evidence.values() for episode in episodes)
    assert sum(len(episodes) > 5 for episodes in evidence.values()) > 50


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_positions_are_the_highest_open_episodes(
    name: str, evidence: dict[str, list[Episode]], stays: dict[tuple[str, str], list[tuple[Any, ...]]]
) -> None:
    """At each moment a person is in the highest stage with an open episode that is not overridden."""
    for person, episodes in evidence.items():
        assert stays.get((name, person), []) == list(FRAMEWORKS[name].intervals(episodes)), (person, episodes)


def test_intervals_are_seamless(stays: dict[tuple[str, str], list[tuple[Any, ...]]]) -> None:
    """Invariant 3: intervals have neither gaps nor overlaps."""
    for whose, intervals in stays.items():
        assert intervals[-1][2] is None, whose
        for (before, entered_at, exited_at), (after, next_entered_at, _) in pairwise(intervals):
            assert exited_at == next_entered_at > entered_at, whose
            assert before != after, whose
        assert all(entered_at <= NOW for _, entered_at, _ in intervals), whose


def test_directions(published: Path, stays: dict[tuple[str, str], list[tuple[Any, ...]]]) -> None:
    """The direction of each transition is that of the contract."""
    expected = []
    for (name, person), intervals in stays.items():
        stages = ["none", *(stage for stage, _, _ in intervals)]
        for place, (stage, entered_at, _) in enumerate(intervals):
            direction = FRAMEWORKS[name].direction(stages[place], stage, stage in stages[1 : place + 1])
            expected.append((name, person, stages[place], stage, entered_at, direction))
    columns = "framework, person_id, from_stage, to_stage, transitioned_at, direction"
    assert sorted(_query(published, f"select {columns} from marts.fct_stage_transitions")) == sorted(expected)


def test_outcomes_of_cohorts(published: Path, stays: dict[tuple[str, str], list[tuple[Any, ...]]]) -> None:
    """Invariant 7: each first entry is exactly one of converted, dropped and in progress."""
    expected = {
        (name, stage, person): FRAMEWORKS[name].outcome(intervals, stage, NOW, WINDOW)
        for (name, person), intervals in stays.items()
        for stage in {stage for stage, _, _ in intervals} - {"none"}
    }
    entries = "select framework, stage, person_id, outcome from marts.fct_stage_entries where outcome is not null"
    actual = {tuple(row[:3]): row[3] for row in _query(published, entries)}
    assert actual == expected
    funnel = _query(
        published,
        "select framework, stage, sum(entered), sum(converted), sum(dropped), sum(in_progress)"
        " from marts.kpi_funnel where dimension = 'all' and cohort <> 'all' group by all",
    )
    for name, stage, entered, *parts in funnel:
        outcomes = [outcome for (framework, of, _), outcome in expected.items() if (framework, of) == (name, stage)]
        counts = [outcomes.count(one) for one in ("converted", "dropped", "in_progress")]
        assert [entered, *parts] == [sum(counts), *counts], (name, stage)


def test_population_follows_the_stays(published: Path, stays: dict[tuple[str, str], list[tuple[Any, ...]]]) -> None:
    """The daily population, which is summed from changes, equals a count of persons."""
    days = [NOW - timedelta(days=number) for number in range(0, 600, 41)]
    for end_of_day in days[1:]:
        day = (end_of_day - timedelta(days=1)).date()
        expected: dict[tuple[str, str], int] = defaultdict(int)
        for (name, _), intervals in stays.items():
            for stage, entered_at, exited_at in intervals:
                if entered_at < end_of_day and (exited_at is None or exited_at >= end_of_day):
                    expected[name, stage] += 1
        actual = {
            (name, stage): persons
            for name, stage, persons in _query(
                published,
                "select framework, stage, sum(persons) from marts.fct_stage_population_daily"
                f" where date_day = date '{day}' group by all having sum(persons) > 0",
            )
        }
        assert actual == dict(expected), day
