"""Touchpoints and channels in each stage, with survey answers about them, recounted touch by touch."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import duckdb
import pytest

from tests.support.demo import Demo
from tests.support.emotions import answers_of, mean_of_persons, on_scale
from tests.support.journeys import REVENUE_TYPES, Cell, Journeys, seed

FRAMEWORK = "five_a"
PERIODS = ("all", "2026-03", "2026-Q1")
SHOWN = {"all": 10, "2026-03": 3, "2026-Q1": 3}


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def journeys(marts: duckdb.DuckDBPyConnection) -> Journeys:
    """The stays of all persons in the framework."""
    return Journeys(marts, FRAMEWORK)


@pytest.mark.parametrize(("item_type", "column"), [("touchpoint", "touchpoint_type"), ("channel", "channel")])
def test_touchpoints_and_channels_of_each_stage(
    item_type: str, column: str, marts: duckdb.DuckDBPyConnection, journeys: Journeys
) -> None:
    """Touches and persons by touchpoint type and channel, each in the stage of its time."""
    touches: Counter[tuple[Cell, str]] = Counter()
    persons: defaultdict[tuple[Cell, str], set[str]] = defaultdict(set)
    for person, touched_at, item in marts.execute(
        f"select person_id, touched_at, {column} from marts.fct_touchpoints where person_id <> 'unknown'"
    ).fetchall():
        for cell in journeys.cells_at(person, touched_at):
            touches[cell, item] += 1
            persons[cell, item].add(person)
    by_cell: defaultdict[Cell, list[tuple[int, int, str]]] = defaultdict(list)
    for (cell, item), value in touches.items():
        by_cell[cell].append((-value, -len(persons[cell, item]), item))
    expected = {
        (*cell, rank): (item, -persons_of_it, -value)
        for cell, items in by_cell.items()
        if cell[0] in PERIODS
        for rank, (value, persons_of_it, item) in enumerate(sorted(items)[: SHOWN[cell[0]]], start=1)
    }

    rows = marts.execute(
        "select period, stage, customer_type, persona, rank, item, persons, value from marts.journey_map_items"
        " where framework = ? and item_type = ? and period in (select unnest(?))",
        [FRAMEWORK, item_type, list(PERIODS)],
    ).fetchall()

    assert {row[:5]: row[5:] for row in rows} == expected
    assert len(rows) > 300


def test_touches_answers_and_credit(marts: duckdb.DuckDBPyConnection, journeys: Journeys) -> None:
    """Survey answers by the touchpoint they are about, and attribution credit by the stage of the touch."""
    names = {row["touchpoint"]: row["touchpoint_type"] for row in seed("survey_touchpoints")}
    touches: Counter[tuple[Cell, str]] = Counter()
    persons: defaultdict[tuple[Cell, str], set[str]] = defaultdict(set)
    where: dict[str, list[tuple[Cell, str]]] = {}
    for touchpoint, person, touched_at, kind in marts.execute(
        "select touchpoint_id, person_id, touched_at, touchpoint_type from marts.fct_touchpoints"
        " where person_id <> 'unknown'"
    ).fetchall():
        where[touchpoint] = [(cell, kind) for cell in journeys.cells_at(person, touched_at) if cell[0] in PERIODS]
        for place in where[touchpoint]:
            touches[place] += 1
            persons[place].add(person)
    answers: defaultdict[tuple[Cell, str], defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for answer in answers_of(marts):
        for cell in journeys.cells_at(answer.person, answer.responded_at):
            if cell[0] in PERIODS:
                touchpoint = names.get(answer.touchpoint, answer.touchpoint)
                answers[cell, touchpoint][answer.person].append(answer.adjusted)
    credit: defaultdict[tuple[Cell, str], float] = defaultdict(float)
    for touchpoint, share in marts.execute(
        "select touchpoint_id, credit from marts.fct_attribution inner join marts.fct_conversions using (conversion_id)"
        " where attribution_model = 'linear' and touchpoint_id is not null"
        f" and conversion_type in {REVENUE_TYPES}"
    ).fetchall():
        for place in where[touchpoint]:
            credit[place] += float(share)

    rows = marts.execute(
        "select period, stage, customer_type, persona, touchpoint_type, touches, persons, responses, emotion_score,"
        " attributed_conversions from marts.journey_map_touchpoints where framework = ? and period in"
        " (select unnest(?))",
        [FRAMEWORK, list(PERIODS)],
    ).fetchall()

    places = set(touches) | set(answers)
    assert {(row[:4], row[4]): row[5:8] for row in rows} == {
        place: (touches[place], len(persons[place]), sum(len(scores) for scores in answers[place].values()))
        for place in places
    }
    for *parts, _, _, responses, emotion_score, attributed in rows:
        period, stage, customer_type, persona, kind = parts
        place = ((period, stage, customer_type, persona), kind)
        said = on_scale(mean_of_persons(answers[place])) if responses >= 10 else None
        assert emotion_score == (None if said is None else pytest.approx(said, abs=1e-9)), place
        # published with six decimals
        assert float(attributed) == pytest.approx(credit[place], abs=6e-7), place
    assert sum(credit.values()) > 1000
