"""Rows of the journey map, recounted person by person from stays, answers, sessions and carts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import sqrt
from statistics import fmean, median

import duckdb
import pytest

from tests.support.demo import Demo
from tests.support.emotions import answers_of, mean_of_persons, on_scale
from tests.support.journeys import Cell, Journeys, is_mature, month_of, periods_of
from tests.support.raw_rows import read_rows

# The setting emotion_min_responses.
LEAST_ANSWERS = 10


@pytest.fixture(scope="module")
def marts(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file."""
    with duckdb.connect(str(demo.published), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module", params=["adahub_crm", "core_five"])
def framework(request: pytest.FixtureRequest) -> str:
    """A framework with a stage outside its funnel, and one without."""
    return str(request.param)


@pytest.fixture(scope="module")
def journeys(marts: duckdb.DuckDBPyConnection, framework: str) -> Journeys:
    """The stays of all persons in the framework."""
    return Journeys(marts, framework)


def _approximately(expected: float | None) -> object:
    return None if expected is None else pytest.approx(expected, abs=1e-9, rel=1e-9)


def test_persons_and_what_became_of_them(marts: duckdb.DuckDBPyConnection, framework: str, journeys: Journeys) -> None:
    """Persons in each stage by period, first entries and their outcomes."""
    persons: defaultdict[Cell, set[str]] = defaultdict(set)
    for person, stays in journeys.stays.items():
        for stay in stays:
            if stay.stage != "none":
                for cell in journeys.cells(person, stay.stage, *periods_of(stay)):
                    persons[cell].add(person)
    entered: Counter[Cell] = Counter()
    converted: Counter[Cell] = Counter()
    dropped: Counter[Cell] = Counter()
    watched: Counter[Cell] = Counter()
    advanced: Counter[Cell] = Counter()
    hours: defaultdict[Cell, list[float]] = defaultdict(list)
    for outcome in journeys.outcomes():
        stay = outcome.stay
        for cell in journeys.entry_cells(outcome.person, stay):
            entered[cell] += 1
            converted[cell] += outcome.is_converted
            dropped[cell] += outcome.is_dropped
            # for `all`, the rate is that of the mature months
            if is_mature(month_of(stay.entered_at) if cell[0] == "all" else cell[0]):
                watched[cell] += 1
                advanced[cell] += outcome.is_converted
            if stay.exited_at is not None:
                hours[cell].append((stay.exited_at - stay.entered_at).total_seconds() / 3600)

    rows = marts.execute(
        "select period, stage, customer_type, persona, persons, entered, converted, dropped, is_mature,"
        " conversion_rate, drop_off_rate, median_hours_in_stage from marts.journey_map where framework = ?",
        [framework],
    ).fetchall()

    assert {row[:4]: row[4:8] for row in rows} == {
        cell: (len(persons[cell]), entered[cell], converted[cell], dropped[cell])
        for cell in set(persons) | set(entered)
    }
    assert len(rows) > 1000
    # makes sure that attributes at entry differ from the present ones somewhere
    assert any(entered[cell] > len(persons[cell]) for cell in entered)
    for *parts, _, _, _, _, mature, conversion_rate, drop_off_rate, median_hours_in_stage in rows:
        period, stage, customer_type, persona = parts
        cell = (period, stage, customer_type, persona)
        assert mature == is_mature(period), cell
        has_rate = watched[cell] > 0 and 1 <= journeys.ranks[stage] < journeys.ranks[journeys.last_stage]
        assert conversion_rate == _approximately(advanced[cell] / watched[cell] if has_rate else None), cell
        assert drop_off_rate == _approximately(1 - advanced[cell] / watched[cell] if has_rate else None), cell
        assert median_hours_in_stage == _approximately(median(hours[cell]) if hours[cell] else None), cell


def test_emotion_is_the_mean_of_persons(marts: duckdb.DuckDBPyConnection, framework: str, journeys: Journeys) -> None:
    """Emotion is the mean of the persons' means, each answer in the stage of its time."""
    adjusted: defaultdict[Cell, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    said: defaultdict[tuple[Cell, str], defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for answer in answers_of(marts):
        for cell in journeys.cells_at(answer.person, answer.responded_at):
            adjusted[cell][answer.person].append(answer.adjusted)
            said[cell, answer.survey_type][answer.person].append(answer.score)

    rows = marts.execute(
        "select period, stage, customer_type, persona, emotion_score, emotion_low, emotion_high, emotion_responses"
        " from marts.journey_map where framework = ? and emotion_responses > 0",
        [framework],
    ).fetchall()

    assert {row[:4]: row[-1] for row in rows} == {
        cell: sum(len(scores) for scores in of.values()) for cell, of in adjusted.items()
    }
    for *parts, emotion_score, emotion_low, emotion_high, responses in rows:
        period, stage, customer_type, persona = parts
        of = adjusted[period, stage, customer_type, persona]
        expected = (on_scale(mean_of_persons(of)), *_interval(of)) if responses >= LEAST_ANSWERS else (None, None, None)
        assert (emotion_score, emotion_low, emotion_high) == tuple(map(_approximately, expected)), parts
    # makes sure that answers and persons differ somewhere
    assert any(len(scores) > 1 for of in adjusted.values() for scores in of.values())

    by_survey = marts.execute(
        "select period, stage, customer_type, persona, survey_type, responses, mean_score, low, high"
        " from marts.journey_map_emotions where framework = ?",
        [framework],
    ).fetchall()
    assert {(row[:4], row[4]) for row in by_survey} == set(said)
    for *parts, survey_type, responses, mean_score, low, high in by_survey:
        period, stage, customer_type, persona = parts
        of = said[(period, stage, customer_type, persona), survey_type]
        assert responses == sum(map(len, of.values())), parts
        bounds = _interval(of) if responses >= LEAST_ANSWERS else (None, None)
        assert (mean_score, low, high) == tuple(map(_approximately, (mean_of_persons(of), *bounds))), parts


def _interval(scores: Mapping[str, Sequence[float]]) -> tuple[float, float]:
    """Return the adjusted Wald interval of the persons' means (Rocks 2016): three more answers, 1, -1 and 0."""
    values = [(fmean(of), 1.0) for of in scores.values()] + [(1.0, 0.75), (-1.0, 0.75), (0.0, 1.5)]
    weight = sum(share for _, share in values)
    mean = sum(value * share for value, share in values) / weight
    variance = sum((value - mean) ** 2 * share for value, share in values) / weight
    reach = 1.959963984540054 * sqrt(variance / weight)
    return max(mean - reach, -1), min(mean + reach, 1)


def test_carts_belong_to_the_stage_they_were_filled_in(demo: Demo, marts: duckdb.DuckDBPyConnection) -> None:
    """Carts count in the stage in which they were filled, not in that of the session's start."""
    journeys = Journeys(marts, "core_five")
    with duckdb.connect(str(demo.warehouse), read_only=True) as warehouse:
        owners = dict(
            warehouse.execute(
                "select identifier, person_id from intermediate.int_person_identifiers where identifier_type ="
                " 'anonymous_id'"
            ).fetchall()
        )
    filled: defaultdict[str, set[datetime]] = defaultdict(set)
    for row in read_rows(demo.raw_files("web/events")):
        person = owners.get(f"anonymous_id:{row['anonymous_id']}")
        if row["event_name"] == "add_to_cart" and person and isinstance(row["occurred_at"], datetime):
            filled[person].add(row["occurred_at"].astimezone(UTC).replace(tzinfo=None))
    carts: Counter[str] = Counter()
    abandoned: Counter[str] = Counter()
    for person, started_at, ended_at, has_order in marts.execute(
        "select person_id, started_at, ended_at, has_order from marts.fct_sessions"
        " where has_cart and not (is_bot or is_endless)"
    ).fetchall():
        moment = min(moment for moment in filled[person] if started_at <= moment <= ended_at)
        stage = journeys.stage_at(person, moment)
        assert stage is not None, "whoever fills a cart is at least aware"
        carts[stage] += 1
        abandoned[stage] += not has_order

    rate = marts.execute(
        "select kpi_numerator, kpi_denominator, kpi_value from marts.journey_map where framework = 'core_five'"
        " and stage = 'decision' and period = 'all' and customer_type = 'all' and persona = 'all'"
    ).fetchone()
    pains = dict(
        marts.execute(
            "select stage, value from marts.journey_map_items where framework = 'core_five' and period = 'all'"
            " and customer_type = 'all' and persona = 'all' and item = 'abandoned_cart' and item_type = 'pain_point'"
        ).fetchall()
    )

    assert rate is not None
    assert rate[:2] == (abandoned["decision"], carts["decision"])
    assert rate[2] == _approximately(abandoned["decision"] / carts["decision"])
    # a stage may have ten more frequent pain points
    assert {stage: value for stage, value in abandoned.items() if stage in pains} == pains
    assert pains["decision"] > 500
    assert carts["decision"] > 0.5 * sum(carts.values())
