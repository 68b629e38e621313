"""CSAT, CES, response rates and movements of NPS, recalculated from the demo's raw files in plain Python."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
from scipy import stats

from tests.support.demo_rows import AS_OF, RULES, RawRows, is_on_scale, person_of
from tests.support.raw_rows import Row, Rules, accepted_rows, local_day

INVITATIONS = Rules(
    key=("invitation_id",), required=("invitation_id", "survey_type", "sent_at"), one_of=("email", "contact_id"),
    business_time="sent_at", times=("sent_at",), names=("survey_type",),
)  # fmt: skip
# the upper end of these scales is the good one
SCALES = {"csat": (1, 5), "ces": (1, 7)}


@pytest.fixture(scope="module")
def answers(raw: RawRows) -> dict[str, list[Row]]:
    """The answers that count, by survey type."""
    rows = [row for row in raw.left("feedback/survey_responses") if row["score"] is None or is_on_scale(row)]
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in accepted_rows(rows, RULES["feedback/survey_responses"], AS_OF):
        found[row["survey_type"]].append(row)
    return found


def _month(row: Row, moment: str) -> date:
    return local_day(row[moment]).replace(day=1)


def _cells(rows: Iterable[Row], moment: str) -> Iterator[tuple[tuple[date, str, str, str], Row]]:
    """Yield each row for each month and dimension value that it counts in."""
    for row in rows:
        month, kind = _month(row, moment), row["survey_kind"] or "unknown"
        yield (month, kind, "all", "all"), row
        for dimension in ("touchpoint", "channel"):
            yield (month, kind, dimension, row[dimension] or "unknown"), row


def _published(marts: duckdb.DuckDBPyConnection, mart: str, columns: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = marts.execute(
        f"select month_start, survey_kind, dimension, dimension_value, {columns} from marts.{mart}"
        " where dimension in ('all', 'touchpoint', 'channel')"
    ).fetchall()
    return {row[:4]: row[4:] for row in rows}


@pytest.mark.parametrize("survey_type", ["nps", "csat", "ces"])
def test_invitations_and_how_many_were_answered(
    survey_type: str, raw: RawRows, answers: dict[str, list[Row]], marts: duckdb.DuckDBPyConnection
) -> None:
    """Response rates count answers by the month of their invitation, so they never exceed 1."""
    answered = {row["invitation_id"] for row in answers[survey_type]}
    invitations: Counter[tuple[date, str, str, str]] = Counter()
    with_answer: Counter[tuple[date, str, str, str]] = Counter()
    asked = accepted_rows(raw.left("feedback/survey_invitations"), INVITATIONS, AS_OF)
    for cell, row in _cells((row for row in asked if row["survey_type"] == survey_type), "sent_at"):
        invitations[cell] += 1
        with_answer[cell] += row["invitation_id"] in answered
    assert sum(with_answer.values()) > 0
    columns = "invitations, invitations_answered, response_rate"
    published = _published(marts, f"kpi_{survey_type}", columns)
    assert {cell: row[:2] for cell, row in published.items() if row[0]} == {
        cell: (count, with_answer[cell]) for cell, count in invitations.items()
    }
    for count, found, rate in published.values():
        assert rate == (pytest.approx(found / count) if count else None)


def test_csat_of_every_month(answers: dict[str, list[Row]], marts: duckdb.DuckDBPyConnection) -> None:
    """CSAT of each month: the top two boxes, and all answers of a person."""
    responses: Counter[tuple[date, str, str, str]] = Counter()
    satisfied: Counter[tuple[date, str, str, str]] = Counter()
    for cell, row in _cells(answers["csat"], "responded_at"):
        responses[cell] += 1
        satisfied[cell] += row["score"] >= (row["scale_max"] or SCALES["csat"][1]) - 1
    published = _published(marts, "kpi_csat", "responses, satisfied, csat, csat_low, csat_high")
    assert {cell: row[:2] for cell, row in published.items() if row[0]} == {
        cell: (count, satisfied[cell]) for cell, count in responses.items()
    }
    assert len({month for month, *_ in published}) >= 18
    for count, happy, csat, low, high in published.values():
        _assert_share(happy, count, csat, low, high)


def test_ces_of_every_month(answers: dict[str, list[Row]], marts: duckdb.DuckDBPyConnection) -> None:
    """CES of each month: which answers count as easy, and the direction of the scale."""
    scores: defaultdict[tuple[date, str, str, str], list[float]] = defaultdict(list)
    easy: Counter[tuple[date, str, str, str]] = Counter()
    for cell, row in _cells(answers["ces"], "responded_at"):
        assert (row["scale_min"] or 1, row["scale_max"] or 7) == SCALES["ces"]
        scores[cell].append(float(row["score"]))
        easy[cell] += row["score"] in (5, 6, 7)
    columns = "responses, low_effort, ces, low_effort_rate, low_effort_rate_low, low_effort_rate_high"
    published = _published(marts, "kpi_ces", columns)
    assert {cell: row[:2] for cell, row in published.items() if row[0]} == {
        cell: (len(found), easy[cell]) for cell, found in scores.items()
    }
    for cell, (count, low_effort, ces, rate, low, high) in published.items():
        assert ces == (pytest.approx(sum(scores[cell]) / count) if count else None)
        _assert_share(low_effort, count, rate, low, high)


def _assert_share(part: int, whole: int, rate: float | None, low: float | None, high: float | None) -> None:
    if not whole:
        assert (rate, low, high) == (None, None, None)
        return
    bounds = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert [rate, low, high] == pytest.approx([part / whole, bounds.low, bounds.high], abs=1e-9)


def test_movements_between_nps_groups(
    answers: dict[str, list[Row]], persons: dict[str, str], marts: duckdb.DuckDBPyConnection
) -> None:
    """Movements between NPS groups compare answers of the same kind in different months."""
    latest: dict[tuple[str, str, date], tuple[Any, ...]] = {}
    for row in answers["nps"]:
        person = person_of(row, persons, "contact_id", "email")
        assert person is not None
        group = "promoter" if row["score"] >= 9 else "detractor" if row["score"] <= 6 else "passive"
        cell = (person, row["survey_kind"], _month(row, "responded_at"))
        latest[cell] = max(latest.get(cell, ()), (row["responded_at"], row["response_id"], group))
    expected: Counter[tuple[date, str, str, str]] = Counter()
    before: dict[tuple[str, str], str] = {}
    for (person, kind, month), (_, _, group) in sorted(latest.items(), key=lambda item: item[0][2]):
        expected[month, kind, before.get((person, kind), "none"), group] += 1
        before[person, kind] = group
    published = marts.execute(
        "select month_start, survey_kind, from_group, to_group, persons from marts.kpi_nps_movements"
    ).fetchall()
    assert {row[:4]: row[4] for row in published} == expected
    assert len({row[2:4] for row in published}) == 12
